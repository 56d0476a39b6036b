/* gateway/pool.h - a bounded stack of things that are lent out, with a bounded wait.
 *
 * The one used last is taken first, so that few stay warm.  Things are made by whoever is told to, when none
 * is idle and fewer than the ceiling exist.  Safe from many threads. */
#ifndef GATEWAY_POOL_H
#define GATEWAY_POOL_H

#include "base/base.h"
#include "base/err.h"

#include <pthread.h>
#include <stdatomic.h>

/* The first member of what is pooled. */
struct pool_item {
    struct pool_item *next;
};

struct pool {
    pthread_mutex_t mutex;
    pthread_cond_t given;
    struct pool_item *idle;
    size_t made;
    size_t most;
    atomic_uint used; /* lent out, for whoever wants to know */
    atomic_uint waiting;
};

MUST_USE int pool_init(struct pool *pool, size_t most, struct err *err);

/* After the last idle one was taken out by pool_remove(). */
void pool_done(struct pool *pool);

/* An idle item; or NULL with *make: the caller makes one and lends it to itself, or calls pool_unmake(); or
 * NULL when none came within `wait_ms`. */
struct pool_item *pool_take(struct pool *pool, long wait_ms, bool *make);
void pool_give(struct pool *pool, struct pool_item *item);
void pool_unmake(struct pool *pool);

/* An idle item, for good; NULL: there is none. */
struct pool_item *pool_remove(struct pool *pool);

#endif
