/* gateway/health/upstream_health.h - what the process has learned about an upstream: shared by every
 * generation that knows the upstream by the same name and url, so that a reload forgets nothing.  Counted
 * references; safe from many threads, without a lock. */
#ifndef GATEWAY_HEALTH_UPSTREAM_HEALTH_H
#define GATEWAY_HEALTH_UPSTREAM_HEALTH_H

#include "base/base.h"
#include "gateway/health/breaker.h"
#include "gateway/health/clock_skew.h"
#include "gateway/health/retry.h"

#include <stdatomic.h>

/* How an attempt ended. */
enum upstream_health_end {
    UPSTREAM_HEALTH_ANSWERED,  /* a whole answer, whatever it says                                         */
    UPSTREAM_HEALTH_FAILED,    /* memory is out, here: not executed                                        */
    UPSTREAM_HEALTH_NOT_SENT,  /* no connection, or no byte of the request was taken by it: not executed   */
    UPSTREAM_HEALTH_LOST,      /* sent, then broken: nobody knows                                          */
    UPSTREAM_HEALTH_LATE,      /* sent, and no whole answer in time: nobody knows                          */
    UPSTREAM_HEALTH_TOO_LARGE, /* the answer exceeds UPSTREAM_POOL_ANSWER_MAX or RESPONSE_HEAD_MAX: nobody
                                  knows     */
    UPSTREAM_HEALTH_ENDS
};

struct upstream_health {
    atomic_uint references;
    struct breaker breaker;
    struct clock_skew skew;
    struct retry_budget budget;
    /* since the process began */
    atomic_ullong ends[UPSTREAM_HEALTH_ENDS]; /* attempts, by their end */
    atomic_ullong retries;                    /* attempts that were not a call's first */
    atomic_ullong refused;                    /* calls, by the breaker */
    atomic_ullong full;                       /* calls that found no slot in time */
};

/* NULL when memory is out; the caller holds the one reference. */
MUST_USE struct upstream_health *upstream_health_new(void);
struct upstream_health *upstream_health_hold(struct upstream_health *upstream);
void upstream_health_release(struct upstream_health *upstream); /* NULL does nothing */

#endif
