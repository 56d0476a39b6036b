/* gateway/limits/shared_limit.h - one client's limits where gateways share a store: it decides.
 *
 * Of one client a gateway asks one question at a time.  Who comes meanwhile waits for the next one, which is
 * asked by the first of them for all: calls that want in, and those that have ended.  So a busy client costs
 * few questions, and an idle one waits for nobody.  What the store would refuse anyway it is not asked: after
 * a refusal it says when the next call may come, whoever takes it. */
#ifndef GATEWAY_LIMITS_SHARED_LIMIT_H
#define GATEWAY_LIMITS_SHARED_LIMIT_H

#include "gateway/limits/client_limits.h"

#include <pthread.h>
#include <stdatomic.h>

struct shared_limit_waiter;

/* Safe from many threads. */
struct shared_limit {
    atomic_llong in_flight; /* calls of this gateway, whoever let them in */
    pthread_mutex_t mutex;
    struct shared_limit_waiter *first, **last; /* who waits for the next question */
    bool asking;
    int64_t told; /* what the store was told to be in flight; -1: nobody knows */
    int64_t refused_until_us, refused_interval_us; /* the store said so, of the rate of this interval */
};

MUST_USE int shared_limit_init(struct shared_limit *limit);
void shared_limit_done(struct shared_limit *limit);

/* -1: the store is away, and the call is not counted.  Else it is, unless it is refused. */
MUST_USE int shared_limit_enter(struct shared_limit *limit, const struct config_client *client,
                                struct state *state, struct client_limits_verdict *verdict);

/* The call has ended: when this returns, another gateway can have its place.  Where the
 * store is away, it can in STATE_LEASE_MS. */
void shared_limit_leave(struct shared_limit *limit, const struct config_client *client, struct state *state);

/* Tells the store again what is in flight, if anything is or it may have missed the end of something. */
void shared_limit_renew(struct shared_limit *limit, const struct config_client *client, struct state *state);

#endif
