/* gateway/keeper/fetch.h - one fetch of an issued credential, by its kind: metadata.c, sts.c, program.c.
 *
 * Blocks: for the deadline of the metadata service, of STS, or of a command. */
#ifndef GATEWAY_KEEPER_FETCH_H
#define GATEWAY_KEEPER_FETCH_H

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "config/model/config.h"
#include "gateway/keeper/issued.h"
#include "gateway/upstream/renewal.h"
#include "gateway/upstream/upstream_pool.h"

enum {
    FETCH_ARENA = 1024 * 1024,
    FETCH_COMMAND_MS = 5000,          /* of a command: an end waits for one that runs, and has 10 s in all */
    FETCH_COMMAND_OUTPUT = 64 * 1024, /* bytes: ten times the largest credential */
};

struct fetch {
    const struct config *config;
    const struct config_credential *credential; /* with an issuer */
    struct upstream_pool *back;                 /* to config->issuers */
    struct renewal *from;                       /* of a role that is assumed, where that changes; or NULL */
    const char *more;     /* members of what goes to STS beside those of the configuration; or NULL */
    int64_t until_us;     /* of the monotonic clock; 0: as long as the issuer's own time-out */
    struct arena *arena;  /* of fetch_run() */
    struct issued issued; /* what came of it */
    unsigned from_number; /* of `from`, which version signed */
    bool from_refused;    /* it is not this credential that is wrong, but the one that it is assumed from */
};

/* 0 with *version, whose life is fetch->issued.left_us from now on, or -1.  fetch->issued has no secrets any
 * more. */
MUST_USE int fetch_run(struct fetch *fetch, struct renewal_version **version, struct err *err);

/* For the files of the kinds: a slot of one of config->issuers, to be given back; and what it is sent. */
MUST_USE struct upstream_pool_slot *fetch_slot(const struct fetch *fetch, size_t which, struct err *err);
MUST_USE int fetch_send(const struct fetch *fetch, size_t which, struct upstream_pool_slot *slot,
                        struct upstream_pool_result *result, struct err *err);

/* The issuer's clock, as its answer tells it; or ours. */
int64_t fetch_clock(const struct upstream_pool_result *result);

#endif
