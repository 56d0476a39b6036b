/* gateway/pool.h - a bounded stack of places that are lent out, with a bounded wait.
 *
 * The place that was used last is taken first, so that few stay warm; what stands in a place is the
 * borrower's business. Safe from many threads, and without a lock unless somebody waits: hundreds would wait
 * for the one that was put off the processor with it. */
#ifndef GATEWAY_POOL_H
#define GATEWAY_POOL_H

#include "base/base.h"
#include "base/err.h"

#include <pthread.h>
#include <stdatomic.h>

struct pool_place;

struct pool {
    struct pool_place *places;
    size_t most;
    atomic_uint_least64_t
        top;               /* the place on top of the stack, and a number that changes with it: see pool.c */
    pthread_mutex_t mutex; /* of those who wait */
    pthread_cond_t given;
    atomic_uint used; /* lent out, for whoever wants to know */
    atomic_uint waiting;
};

/* `most` places, 1 to 2^32 - 2, with nothing in them. */
MUST_USE int pool_init(struct pool *pool, size_t most, struct err *err);
void pool_done(struct pool *pool);

/* A place, 1 to `most`; 0: none came free within `wait_ms`. */
MUST_USE size_t pool_take(struct pool *pool, long wait_ms);
void pool_give(struct pool *pool, size_t place);

/* What stands there, NULL in the beginning.  Its borrower's alone. */
void **pool_at(struct pool *pool, size_t place);

#endif
