#include "gateway/pool.h"

#include <errno.h>
#include <time.h>

int pool_init(struct pool *pool, size_t most, struct err *err)
{
    pthread_condattr_t monotonic;
    pool->idle = NULL;
    pool->made = 0;
    pool->most = most;
    atomic_init(&pool->used, 0);
    atomic_init(&pool->waiting, 0);
    if (pthread_condattr_init(&monotonic) != 0)
        return err_memory(err);
    bool good = pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) == 0 &&
                pthread_cond_init(&pool->given, &monotonic) == 0;
    (void)pthread_condattr_destroy(&monotonic);
    if (!good)
        return err_memory(err);
    if (pthread_mutex_init(&pool->mutex, NULL) != 0) {
        (void)pthread_cond_destroy(&pool->given);
        return err_memory(err);
    }
    return 0;
}

void pool_done(struct pool *pool)
{
    (void)pthread_mutex_destroy(&pool->mutex);
    (void)pthread_cond_destroy(&pool->given);
}

static struct timespec deadline_in(long millis)
{
    struct timespec at = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_nsec += millis % 1000 * 1000000;
    at.tv_sec += millis / 1000 + at.tv_nsec / 1000000000;
    at.tv_nsec %= 1000000000;
    return at;
}

/* With the mutex held. */
static void wait_for_one(struct pool *pool, long wait_ms)
{
    struct timespec deadline = deadline_in(wait_ms);
    int waited = 0;
    atomic_fetch_add_explicit(&pool->waiting, 1, memory_order_relaxed);
    while (pool->idle == NULL && pool->made >= pool->most && waited != ETIMEDOUT)
        waited = pthread_cond_timedwait(&pool->given, &pool->mutex, &deadline);
    atomic_fetch_sub_explicit(&pool->waiting, 1, memory_order_relaxed);
}

struct pool_item *pool_take(struct pool *pool, long wait_ms, bool *make)
{
    (void)pthread_mutex_lock(&pool->mutex);
    if (pool->idle == NULL && pool->made >= pool->most)
        wait_for_one(pool, wait_ms);
    struct pool_item *item = pool->idle;
    *make = item == NULL && pool->made < pool->most;
    if (item != NULL)
        pool->idle = item->next;
    if (*make)
        pool->made++;
    (void)pthread_mutex_unlock(&pool->mutex);
    if (item != NULL || *make)
        atomic_fetch_add_explicit(&pool->used, 1, memory_order_relaxed);
    return item;
}

void pool_give(struct pool *pool, struct pool_item *item)
{
    atomic_fetch_sub_explicit(&pool->used, 1, memory_order_relaxed);
    (void)pthread_mutex_lock(&pool->mutex);
    item->next = pool->idle;
    pool->idle = item;
    (void)pthread_cond_signal(&pool->given);
    (void)pthread_mutex_unlock(&pool->mutex);
}

void pool_unmake(struct pool *pool)
{
    atomic_fetch_sub_explicit(&pool->used, 1, memory_order_relaxed);
    (void)pthread_mutex_lock(&pool->mutex);
    pool->made--;
    (void)pthread_cond_signal(&pool->given);
    (void)pthread_mutex_unlock(&pool->mutex);
}

struct pool_item *pool_remove(struct pool *pool)
{
    (void)pthread_mutex_lock(&pool->mutex);
    struct pool_item *item = pool->idle;
    if (item != NULL) {
        pool->idle = item->next;
        pool->made--;
    }
    (void)pthread_mutex_unlock(&pool->mutex);
    return item;
}
