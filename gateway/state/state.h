/* gateway/state/state.h - what gateways share: limits, the keys of changes, freezes, what is used, and who is
 * there.
 *
 * One face for three stores (gateway/state/store.h): memory, which ends with the process; SQLite, for one
 * machine; Valkey or Redis, for all replicas.  Every write is atomic, and everything written expires.  Time
 * is the store's own clock: callers give durations in milliseconds, or microseconds where the name says so.
 *
 * A store may be away.  A function then returns -1, after STATE_WAIT_MS at the latest, and nothing is known
 * of what it was to do; after STATE_FAILURES in a row none is asked for STATE_REST_US.  What follows from
 * that is the caller's to decide.  Safe from many threads.
 */
#ifndef GATEWAY_STATE_STATE_H
#define GATEWAY_STATE_STATE_H

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "base/log/log.h"
#include "base/time/rate.h"
#include "config/model/config.h"

enum {
    STATE_WAIT_MS = 50,        /* for one question; a good answer on a local network takes less than one */
    STATE_FAILURES = 3,        /* in a row: each of them may have cost a call STATE_WAIT_MS */
    STATE_REST_US = 250000,    /* then one question at a time finds out whether it is back */
    STATE_LEASE_MS = 15000,    /* calls in flight of a gateway that does not say that it is there */
    STATE_SEEN_MS = 3000,      /* a gateway is there for so long after it said so */
    STATE_BYTES_MAX = 1 << 20, /* of an answer that is kept; an answer to a change has some 100 */
    STATE_HOLDER_SIZE = 33,
    STATE_NAME_MAX = 160,    /* bytes of the name of a freeze: a client's, and a token's */
    STATE_FREEZE_MAX = 2048, /* bytes of its record */
    STATE_FREEZES_MAX = 1000,
    STATE_USE_SHARDS = 32, /* the same in every release that shares a store */
    STATE_USES_MAX = 4000, /* in each of them, 128,000 in all: names come from configurations alone */
    STATE_USES_TOLD = 256, /* in one question: some 20 KB */
    STATE_USE_NAME = 255,  /* bytes of a name */
};

struct state;

/* `config` is copied where it is needed, `notices` is borrowed.  A server that is away is no failure; a file
 * that cannot be used is. */
MUST_USE struct state *state_open(const struct config_store *config, struct log *notices, struct err *err);
void state_close(struct state *state);

/* Do others, or a later process, see what is written? */
bool state_is_shared(const struct state *state);

/* ---- limits of a client ---- */

struct state_limit {
    const char *client;
    struct rate rate;  /* interval 0: no limit */
    int64_t in_flight; /* 0: no limit, and nothing is held */
    int64_t own;       /* calls that this gateway has in flight, whatever the store was told before */
    int64_t calls;     /* that want to come in, as if one came after the other */
};

struct state_verdict {
    int64_t allowed;   /* of the calls, the first */
    int64_t full;      /* of those behind them: refused for what is in flight, after the rate let them in */
    int64_t remaining; /* how many more of the rate at once; INT64_MAX: there is no rate */
    int64_t wait_us;   /* until the rate allows one more; 0 where it refused none */
};

/* Each call takes one of the rate and holds one in flight, or neither but as `full` says. */
MUST_USE int state_enter(struct state *state, const struct state_limit *limit, struct state_verdict *verdict);

/* This gateway has so many calls of the client in flight, whatever the store was told before; unless there is
 * none, it is to be said more often than STATE_LEASE_MS. */
MUST_USE int state_hold(struct state *state, const char *client, int64_t own);

/* ---- the key of a change ----
 *
 *               claim               settle
 *       free ----------> claimed ------------> settled
 *         ^     release     |                     |
 *         +-----------------+                     | `keep_ms` later
 *         +---------------------------------------+
 *
 * A claim ends by itself in nothing better than "nobody knows": once its time is over it has lapsed, and
 * stays so until it is settled or released by the one who made it, or `keep_ms` are over. */
struct state_key {
    const char *client;
    const char *key;    /* as the caller wrote it; only its hash is stored */
    const char *print;  /* of the call: another one under the same key is refused */
    const char *holder; /* who claims: not used twice, see state_holder() */
};

enum state_claim {
    STATE_CLAIMED, /* by this holder, now or before */
    STATE_BUSY,    /* by another, and in time: `wait_ms` are left, `bytes` is its note */
    STATE_LAPSED,  /* by another, which has not settled it in time: `bytes` is its note */
    STATE_SETTLED, /* `bytes` is the answer */
    STATE_OTHER,   /* the key is that of another call */
};

struct state_claimed {
    enum state_claim claim;
    int64_t wait_ms;
    const char *bytes; /* in the arena */
    size_t length;
    bool asked; /* of a failure: the claim may have come to the store all the same */
};

/* `note` says who claims; it is text, and short. */
MUST_USE int state_claim(struct state *state, const struct state_key *key, int64_t within_ms, int64_t keep_ms,
                         const char *note, struct arena *arena, struct state_claimed *claimed);

/* The answer is kept from now on; of a key that somebody else holds nothing changes. */
MUST_USE int state_settle(struct state *state, const struct state_key *key, int64_t keep_ms,
                          const char *answer, size_t length);

/* The key is free again, unless it was settled or another holds it: nothing was sent. */
MUST_USE int state_release(struct state *state, const struct state_key *key);

/* Another text than ever before, for a claim. */
void state_holder(struct state *state, char out[STATE_HOLDER_SIZE]);

/* ---- freezes ---- */

struct state_freeze {
    const char *name; /* of the client, or "client/token" */
    const char *text; /* the record, as it was written */
    int64_t left_ms;  /* INT64_MAX: no end */
};

/* Writes or replaces; for_ms INT64_MAX: without an end.  `name` and `text` have no control characters. */
MUST_USE int state_freeze(struct state *state, const char *name, const char *text, int64_t for_ms);

/* 0 also where there is none. */
MUST_USE int state_thaw(struct state *state, const char *name);

/* All of them, in no order. */
MUST_USE int state_freezes(struct state *state, struct arena *arena, struct state_freeze **freezes,
                           size_t *count);

/* ---- what is used ----
 *
 * Of each name when it was told first, how often it was used, and when last: by the gateways that share the
 * store together.  A count may be somewhat too high: what was told just before a store was away may be told
 * twice. */
struct state_use {
    const char *name;
    int64_t hits;
    int64_t since_ms; /* ago: when it was told first; only read, as is */
    int64_t last_ms;  /* ago: the last hit; -1: there was none */
};

/* Where names are, so that no question is about all of them. */
unsigned state_use_shard(const char *name);

/* Adds `hits` (0: the name is known, and was not used) to each of at most STATE_USES_TOLD names of that
 * shard; without another word a name is forgotten `keep_ms` later.  Names have no control characters.  What
 * is above STATE_USES_MAX is left out. */
MUST_USE int state_used(struct state *state, unsigned shard, const struct state_use *uses, size_t count,
                        int64_t keep_ms);

/* All of that shard, in no order. */
MUST_USE int state_uses(struct state *state, unsigned shard, struct arena *arena, struct state_use **uses,
                        size_t *count);

/* ---- who is there ---- */

/* This gateway is; `*seen` gets how many are, itself included. */
MUST_USE int state_announce(struct state *state, unsigned *seen);

/* The last answer of that, at most `instances` of the configuration; 1 when there was none. */
unsigned state_gateways(const struct state *state);

struct state_look {
    const char *store;  /* "memory", "sqlite" or "redis" */
    const char *server; /* the one that is asked, of several; or NULL */
    bool away;
    unsigned long long asked, failed,
        spared; /* questions; without an answer; not asked for the rest's sake */
    unsigned gateways;
};

/* Takes no lock. */
struct state_look state_look(const struct state *state);

#endif
