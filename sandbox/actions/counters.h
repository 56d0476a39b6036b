/* sandbox/actions/counters.h - how many requests there were, and what became of them. */
#ifndef SANDBOX_ACTIONS_COUNTERS_H
#define SANDBOX_ACTIONS_COUNTERS_H

#include "base/base.h"
#include "base/buf.h"
#include "sandbox/fault/api_request.h"

struct counters;

MUST_USE struct counters *counters_new(void);
void counters_free(struct counters *tally);

/* Both may be called by many threads. */
void counters_count(struct counters *tally, const struct api_request *exchange);

/* The members requests, executed, accepted, refused, faulted, actions. */
void counters_put(struct counters *tally, struct buf *out);

#endif
