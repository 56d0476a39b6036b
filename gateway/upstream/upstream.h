/* gateway/upstream/upstream.h - what the process has learned about an upstream: shared by every generation
 * that knows the upstream by the same name and url, so that a reload forgets nothing.  Counted references;
 * safe from many threads, without a lock. */
#ifndef GATEWAY_UPSTREAM_UPSTREAM_H
#define GATEWAY_UPSTREAM_UPSTREAM_H

#include "base/base.h"
#include "gateway/upstream/breaker.h"
#include "gateway/upstream/retry.h"
#include "gateway/upstream/skew.h"

#include <stdatomic.h>

/* How an attempt ended. */
enum upstream_end {
    UPSTREAM_ANSWERED,  /* a whole answer, whatever it says                                         */
    UPSTREAM_FAILED,    /* memory is out, here: not executed                                        */
    UPSTREAM_NOT_SENT,  /* no connection, or no byte of the request was taken by it: not executed   */
    UPSTREAM_LOST,      /* sent, then broken: nobody knows                                          */
    UPSTREAM_LATE,      /* sent, and no whole answer in time: nobody knows                          */
    UPSTREAM_TOO_LARGE, /* the answer exceeds BACK_ANSWER_MAX or RESPONSE_HEAD_MAX: nobody knows     */
    UPSTREAM_ENDS
};

struct upstream {
    atomic_uint references;
    struct breaker breaker;
    struct skew skew;
    struct retry_budget budget;
    /* since the process began */
    atomic_ullong ends[UPSTREAM_ENDS]; /* attempts, by their end */
    atomic_ullong retries;             /* attempts that were not a call's first */
    atomic_ullong refused;             /* calls, by the breaker */
    atomic_ullong full;                /* calls that found no slot in time */
};

/* NULL when memory is out; the caller holds the one reference. */
MUST_USE struct upstream *upstream_new(void);
struct upstream *upstream_hold(struct upstream *upstream);
void upstream_release(struct upstream *upstream); /* NULL does nothing */

#endif
