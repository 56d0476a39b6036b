#include "gateway/server/inbox.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct inbox_pool {
    pthread_mutex_t mutex; /* guards what follows */
    char *memory;
    char **free; /* the last one given is the next one taken: its pages are there */
    size_t free_count;
};

struct inbox_pool *inbox_pool_new(size_t count, struct err *err)
{
    struct inbox_pool *pool = calloc(1, sizeof *pool);
    if (pool != NULL) {
        pool->memory = calloc(count, INBOX_SIZE);
        pool->free = calloc(count, sizeof *pool->free);
    }
    if (pool == NULL || pool->memory == NULL || pool->free == NULL ||
        pthread_mutex_init(&pool->mutex, NULL) != 0) {
        if (pool != NULL) {
            free(pool->memory);
            free(pool->free);
        }
        free(pool);
        err_memory(err);
        return NULL;
    }
    for (size_t i = count; i > 0; i--)
        pool->free[pool->free_count++] = pool->memory + (i - 1) * INBOX_SIZE;
    return pool;
}

void inbox_pool_free(struct inbox_pool *pool)
{
    if (pool == NULL)
        return;
    (void)pthread_mutex_destroy(&pool->mutex);
    free(pool->memory);
    free(pool->free);
    free(pool);
}

bool inbox_take(struct inbox_pool *pool, struct inbox *inbox)
{
    *inbox = (struct inbox){0};
    (void)pthread_mutex_lock(&pool->mutex);
    if (pool->free_count > 0)
        inbox->bytes = pool->free[--pool->free_count];
    (void)pthread_mutex_unlock(&pool->mutex);
    return inbox->bytes != NULL;
}

void inbox_give(struct inbox_pool *pool, struct inbox *inbox)
{
    if (inbox->bytes == NULL)
        return;
    explicit_bzero(inbox->bytes, inbox->touched);
    (void)pthread_mutex_lock(&pool->mutex);
    pool->free[pool->free_count++] = inbox->bytes;
    (void)pthread_mutex_unlock(&pool->mutex);
    *inbox = (struct inbox){0};
}

void inbox_grow(struct inbox *inbox, size_t length)
{
    inbox->end += length;
    if (inbox->touched < inbox->end)
        inbox->touched = inbox->end;
}

void inbox_settle(struct inbox *inbox)
{
    size_t left = inbox->end - inbox->begin;
    if (left > 0 && inbox->begin > 0)
        memmove(inbox->bytes, inbox->bytes + inbox->begin, left);
    inbox->begin = 0;
    inbox->end = left;
}
