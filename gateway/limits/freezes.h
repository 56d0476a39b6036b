/* gateway/limits/freezes.h - which clients, or which of their tokens, operators have frozen.
 *
 * What is frozen is told to the shared store (gateway/state/state.h) and asked of it twice a second, so that
 * all gateways know within one.  A store that does not answer changes nothing: what was known stays, a
 * freeze holds here and is told to the store when it is back, and nothing is thawed.  A file keeps what is
 * known over a restart.  Safe from many threads; a request of a client pays one atomic look while nobody is
 * frozen. */
#ifndef GATEWAY_LIMITS_FREEZES_H
#define GATEWAY_LIMITS_FREEZES_H

#include "base/base.h"
#include "base/err.h"
#include "base/log/log.h"
#include "gateway/limits/freeze.h"
#include "gateway/state/state.h"

enum { FREEZES_POLL_MS = 400 }; /* between two questions to the store: within a second all know */

struct freezes;

/* `file` keeps them, is copied, and need not be there.  NULL: memory or threads are out, or the file is none
 * of ours: nobody shall be let in because it cannot be read.  `state` and `notices` are borrowed. */
MUST_USE struct freezes *freezes_open(struct state *state, const char *file, struct log *notices,
                                      struct err *err);
void freezes_close(struct freezes *freezes);

/* Is the client frozen, or this token of its?  `*found` gets it. */
bool freezes_find(struct freezes *freezes, const char *client, const char *token, int64_t now_ms,
                  struct freeze *found);

struct freezes_reach {
    bool everywhere; /* the store knows it; without one that is shared: there is no other gateway to tell */
    bool kept;       /* it is in the file, or in the store: a restart does not end it */
};

/* Freezes, or replaces a freeze of the same client and token.  -1: there are too many, or memory is out. */
MUST_USE int freezes_add(struct freezes *freezes, const struct freeze *freeze, struct freezes_reach *reach,
                         struct err *err);

/* `*was`: there was one.  -1: the store did not answer, and it may be thawed or not. */
MUST_USE int freezes_remove(struct freezes *freezes, const char *client, const char *token, bool *was,
                            struct err *err);

/* A copy of all that hold, for the caller to free; NULL when memory is out. */
MUST_USE struct freeze *freezes_list(struct freezes *freezes, int64_t now_ms, size_t *count);

/* How many hold, and whether the store does not tell of others. */
size_t freezes_count(struct freezes *freezes, int64_t now_ms);
bool freezes_away(const struct freezes *freezes);

#endif
