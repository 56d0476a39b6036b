/* gateway/upstream/upstream_pool.h - calls to the upstreams.
 *
 * Each upstream has a bounded pool of slots, so that one that hangs cannot take another's.  A slot is a
 * connection to the upstream (gateway/upstream/upstream_conn.h) and a keyed MAC for each credential; it
 * belongs to one thread between upstream_pool_take() and upstream_pool_give().  What is learned about an
 * upstream outlives the configuration (gateway/health/upstream_health.h). */
#ifndef GATEWAY_UPSTREAM_UPSTREAM_POOL_H
#define GATEWAY_UPSTREAM_UPSTREAM_POOL_H

#include "auth/sign/sign.h"
#include "base/base.h"
#include "base/err.h"
#include "config/model/config.h"
#include "gateway/health/upstream_health.h"

#include <stdatomic.h>

enum {
    /* bytes of an answer: a page of 100 items takes some 100 KiB */
    UPSTREAM_POOL_ANSWER_MAX = 1024 * 1024,
    /* TCP and TLS: three SYNs, or a slow handshake */
    UPSTREAM_POOL_CONNECT_MS = 3000,
    /* for a slot when all are lent out: longer only hides an overload, whose answer is due in 50 ms */
    UPSTREAM_POOL_WAIT_MS = 25,
    /* a connection that was idle for longer is not reused */
    UPSTREAM_POOL_IDLE_S = 45,
};

struct upstream_pool;
struct upstream_pool_slot;

/* What a keeper (gateway/keeper/keeper.h) has of the credentials that are issued, by their places among all;
 * NULL where one is none of these. */
struct renewal;
struct upstream_pool_kept {
    const struct config_credential *credentials;
    struct renewal *const *renewals;
};

/* Pools for these upstreams, which must outlive it; `kept` need not, and may be NULL where nothing is signed
 * with an issued credential.  What `previous`, which may be NULL,
 * has learned about the same upstreams is shared with it; connections are not, they were verified by its
 * ca_file.  Reads ca_file; connects to nothing.  At most so many `connections` are open at a time, but one to
 * each upstream: their slots, or fewer where descriptors are few.
 *
 * Once `*abandoned`, which is borrowed, is true, every upstream_pool_read() ends within about a second, as
 * UPSTREAM_HEALTH_LOST or UPSTREAM_HEALTH_NOT_SENT, whichever configuration its call began under: the drain
 * is over. */
MUST_USE struct upstream_pool *upstream_pool_new(const struct config_upstream *upstreams, size_t count,
                                                 const struct upstream_pool_kept *kept,
                                                 const struct upstream_pool *previous, size_t connections,
                                                 const atomic_bool *abandoned, struct err *err);
void upstream_pool_free(struct upstream_pool *back);

/* Why there is no slot. */
struct upstream_pool_refusal {
    bool open;       /* the breaker is */
    bool failed;     /* memory is out; if neither, no slot came free within UPSTREAM_POOL_WAIT_MS */
    int64_t wait_us; /* of the breaker: until it may be tried again */
};

/* NULL with `refusal` set. */
MUST_USE struct upstream_pool_slot *upstream_pool_take(struct upstream_pool *back,
                                                       const struct config_upstream *upstream,
                                                       struct upstream_pool_refusal *refusal);
void upstream_pool_give(struct upstream_pool_slot *slot);

/* Whoever asks for a slot now has to wait for one, as far as can be told. */
bool upstream_pool_is_short(struct upstream_pool *back, const struct config_upstream *upstream);

/* More than half of the slots are idle, as far as can be told. */
bool upstream_pool_has_room(struct upstream_pool *back, const struct config_upstream *upstream);

/* Gives the slot back and notes that its call rests until its next attempt, which begins with
 * upstream_pool_wake() and upstream_pool_take().  False, and the slot stays: a quarter as many as there are
 * slots rest already. */
MUST_USE bool upstream_pool_rest(struct upstream_pool_slot *slot);
void upstream_pool_wake(struct upstream_pool *back, const struct config_upstream *upstream);

/* The slot's own signer (of the upstream's credential, 0, or its spare, 1) and request, for sign_call().
 * NULL: its credential is issued, and there is none that lives at `now_us` (monotonic); `err` tells why. */
MUST_USE struct signer *upstream_pool_signer(struct upstream_pool_slot *slot, unsigned credential,
                                             int64_t now_us, struct err *err);
/* Likewise with that version, of a session of the call's client, which is held as long as the slot signs with
 * it.  NULL: memory is out. */
struct renewal_version;
MUST_USE struct signer *upstream_pool_signer_of(struct upstream_pool_slot *slot, unsigned credential,
                                                struct renewal_version *version);
struct signed_request *upstream_pool_request(struct upstream_pool_slot *slot);

/* What that signer signs with, from one upstream_pool_signer() to the next; NULL: there is no spare, or there
 * was nothing yet. */
const struct config_credential *upstream_pool_signed(const struct upstream_pool_slot *slot,
                                                     unsigned credential);

/* The cloud refuses what that signer signs with.  True when its files have something else now, or its keeper
 * has: the next upstream_pool_signer() signs with that.  For how long it waits, and `news`, see renewal.h. */
MUST_USE bool upstream_pool_renew(struct upstream_pool_slot *slot, unsigned credential, struct err *news);

/* What is known of the slot's upstream. */
struct upstream_health *upstream_pool_upstream(struct upstream_pool_slot *slot);

/* The credential to begin with: the one that worked last.  A reload begins with the first again. */
unsigned upstream_pool_credential(struct upstream_pool *back, const struct config_upstream *upstream);

/* True when that is news. */
bool upstream_pool_prefer(struct upstream_pool_slot *slot, unsigned credential);

/* Whether the cloud refuses the credential, as its last answer said.  True when that is news. */
bool upstream_pool_note_credential(struct upstream_pool_slot *slot, unsigned credential, bool refused);

struct upstream_pool_result {
    enum upstream_health_end end;
    bool timed_out;     /* it ended because its time was over */
    bool no_descriptor; /* for a connection: it says nothing about the upstream */
    bool refused;       /* by a proxy that would do so again */
    int64_t ended_us;   /* when */
    int status;         /* HTTP, of UPSTREAM_HEALTH_ANSWERED */
    const char
        *bytes; /* the answer, in the slot: until upstream_pool_give() or the next upstream_pool_write() */
    size_t length;
    bool has_date;
    struct clock_skew_sample clock; /* when has_date */
    const char *type;               /* media type of the answer, in the slot as well; "": it says none */
    int64_t retry_after_s;          /* 0: the answer has none that makes sense */
    enum breaker_event breaker;
    enum clock_skew_event skew;
};

/* Sends what upstream_pool_request() holds: one attempt, from `now_us`, which is now, until `until_us`, of
 * the monotonic clock.  What came of it is told by upstream_pool_read(). */
void upstream_pool_write(struct upstream_pool_slot *slot, int64_t now_us, int64_t until_us);

/* Waits until `until_us` for the answer to what was written.  A timeout is not counted against the upstream
 * if the attempt had less than half of the upstream's `timeout`.  `err` gets the reason of anything but
 * UPSTREAM_HEALTH_ANSWERED. */
void upstream_pool_read(struct upstream_pool_slot *slot, int64_t until_us,
                        struct upstream_pool_result *result, struct err *err);

/* The last answer made no sense, or is not waited for: its connection is not used again. */
void upstream_pool_distrust(struct upstream_pool_slot *slot);

/* For operators and metrics: a look at one upstream, 0 to config->upstream_count - 1.  Cheap; the numbers are
 * each right, not taken at one moment. */
struct upstream_pool_state {
    const char *name;
    const char *account; /* NULL: there are no accounts */
    const char *title;   /* both, for operators */
    enum breaker_state breaker;
    unsigned slots, used, waiting, resting;
    unsigned long long ends[UPSTREAM_HEALTH_ENDS]; /* attempts since the process began, by their end */
    unsigned long long retries, refused, full;
    int64_t skew_s;         /* beyond CLOCK_SKEW_BOUND_S, or 0; positive: the upstream's clock is ahead */
    const char *credential; /* the one that calls begin with */
    const char
        *not_credential; /* one that the cloud refused since the last reload, perhaps the same; or NULL */
};
void upstream_pool_look(const struct upstream_pool *back, size_t index, struct upstream_pool_state *state);

#endif
