/* A Treiber stack: `top` has the number of the uppermost place in its lower half (0: the stack is empty) and,
 * in its upper one, how often it has changed.  It prevents the ABA problem: a preempted thread's
 * compare-and-swap fails if the stack changed meanwhile. It wraps after 2^32 changes. */
#include "gateway/upstream/slots.h"

#include "base/time/deadline.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#define PLACE_OF(top)       ((size_t)((top)&UINT32_MAX))
#define TOP_OF(place, then) ((((then) >> 32) + 1) << 32 | (place))

struct slots_place {
    atomic_size_t below; /* while it is in the stack */
    bool growing;        /* its borrower's, as all that follows */
    void *thing;
};

static int init_waiting(struct slots *pool)
{
    if (deadline_cond_init(&pool->given) != 0)
        return -1;
    if (pthread_mutex_init(&pool->mutex, NULL) != 0) {
        (void)pthread_cond_destroy(&pool->given);
        return -1;
    }
    return 0;
}

int slots_init(struct slots *pool, size_t most, struct err *err)
{
    pool->places = calloc(most, sizeof *pool->places);
    if (pool->places == NULL || init_waiting(pool) != 0) {
        free(pool->places);
        return err_memory(err);
    }
    pool->most = most;
    for (size_t i = 0; i < most; i++)
        atomic_init(&pool->places[i].below, 0);
    atomic_init(&pool->top, 0);
    atomic_init(&pool->grown, 0);
    atomic_init(&pool->growing, 0);
    atomic_init(&pool->moved, 0);
    atomic_init(&pool->used, 0);
    atomic_init(&pool->waiting, 0);
    return 0;
}

void slots_done(struct slots *pool)
{
    (void)pthread_mutex_destroy(&pool->mutex);
    (void)pthread_cond_destroy(&pool->given);
    free(pool->places);
}

static size_t pop(struct slots *pool)
{
    uint64_t top = atomic_load(&pool->top);
    for (size_t place; (place = PLACE_OF(top)) != 0;) {
        uint64_t next =
            TOP_OF(atomic_load_explicit(&pool->places[place - 1].below, memory_order_relaxed), top);
        if (atomic_compare_exchange_weak(&pool->top, &top, next))
            return place;
    }
    return 0;
}

static void push(struct slots *pool, size_t place)
{
    uint64_t top = atomic_load(&pool->top);
    do
        atomic_store_explicit(&pool->places[place - 1].below, PLACE_OF(top), memory_order_relaxed);
    while (!atomic_compare_exchange_weak(&pool->top, &top, TOP_OF(place, top)));
}

/* A new place, unless so many are being set up. */
static size_t grow(struct slots *pool, unsigned at_once)
{
    unsigned growing = atomic_load(&pool->growing);
    size_t grown = atomic_load(&pool->grown);
    do
        if (growing >= at_once)
            return 0;
    while (!atomic_compare_exchange_weak(&pool->growing, &growing, growing + 1));
    do
        if (grown == pool->most) {
            atomic_fetch_sub(&pool->growing, 1);
            return 0;
        }
    while (!atomic_compare_exchange_weak(&pool->grown, &grown, grown + 1));
    pool->places[grown].growing = true;
    return grown + 1;
}

/* With the mutex.  Either the giver sees that somebody waits, or whoever is about to sees what was given:
 * both look after they wrote, in the one order that all these operations have. */
static size_t wait_for_one(struct slots *pool, long wait_ms)
{
    const struct timespec until = deadline_in(wait_ms);
    size_t place;
    int waited = 0;
    while ((place = pop(pool)) == 0 && (place = grow(pool, SLOTS_GROWING)) == 0 && waited != ETIMEDOUT)
        waited = pthread_cond_timedwait(&pool->given, &pool->mutex, &until);
    return place;
}

/* Again and again, while that makes sense; where nothing moves, those that are being set up take long, and so
 * would all others. */
static size_t wait_while_it_moves(struct slots *pool, long wait_ms)
{
    size_t place = 0;
    (void)pthread_mutex_lock(&pool->mutex);
    atomic_fetch_add(&pool->waiting, 1);
    for (long waited_ms = 0; place == 0 && waited_ms < SLOTS_PATIENCE_MS; waited_ms += wait_ms) {
        unsigned moved = atomic_load(&pool->moved);
        place = wait_for_one(pool, wait_ms);
        if (atomic_load(&pool->grown) == pool->most || moved == atomic_load(&pool->moved))
            break;
    }
    atomic_fetch_sub(&pool->waiting, 1);
    (void)pthread_mutex_unlock(&pool->mutex);
    return place;
}

size_t slots_take(struct slots *pool, long wait_ms)
{
    size_t place = pop(pool);
    if (place == 0)
        place = grow(pool, SLOTS_GROWING);
    if (place == 0)
        place = wait_while_it_moves(pool, wait_ms);
    if (place == 0)
        place = grow(pool, UINT_MAX);
    if (place != 0)
        atomic_fetch_add_explicit(&pool->used, 1, memory_order_relaxed);
    return place;
}

static void wake_one(struct slots *pool)
{
    if (atomic_load(&pool->waiting) == 0)
        return;
    (void)pthread_mutex_lock(&pool->mutex);
    atomic_fetch_add(&pool->moved, 1);
    (void)pthread_cond_signal(&pool->given);
    (void)pthread_mutex_unlock(&pool->mutex);
}

void slots_grown(struct slots *pool, size_t place)
{
    if (!pool->places[place - 1].growing)
        return;
    pool->places[place - 1].growing = false;
    atomic_fetch_sub(&pool->growing, 1);
    wake_one(pool);
}

void slots_give(struct slots *pool, size_t place)
{
    bool was_growing = pool->places[place - 1].growing;
    pool->places[place - 1].growing = false; /* before another has the place */
    atomic_fetch_sub_explicit(&pool->used, 1, memory_order_relaxed);
    push(pool, place);
    if (was_growing) /* after it can be taken: who waits shall not set up another in its stead */
        atomic_fetch_sub(&pool->growing, 1);
    wake_one(pool);
}

bool slots_is_short(const struct slots *pool)
{
    return PLACE_OF(atomic_load_explicit(&pool->top, memory_order_relaxed)) == 0 &&
           (atomic_load_explicit(&pool->grown, memory_order_relaxed) == pool->most ||
            atomic_load_explicit(&pool->growing, memory_order_relaxed) >= SLOTS_GROWING);
}

void **slots_at(struct slots *pool, size_t place)
{
    return &pool->places[place - 1].thing;
}
