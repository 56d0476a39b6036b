#include "gateway/connection/inbox.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { PAGE = 4096 };

struct memory {
    struct request_head head;
    char bytes[INBOX_SIZE];
};

enum { STRIDE = (sizeof(struct memory) + PAGE - 1) / PAGE * PAGE };

struct inbox_pool {
    pthread_mutex_t mutex; /* guards what follows */
    char *memory;
    char **free; /* the last one given is the next one taken: its pages are there */
    size_t free_count;
    size_t count;
    size_t kept;
};

struct inbox_pool *inbox_pool_new(size_t count, size_t kept, struct err *err)
{
    struct inbox_pool *pool = calloc(1, sizeof *pool);
    char **list = calloc(count, sizeof *list);
    void *memory = mmap(NULL, count * STRIDE, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (pool == NULL || list == NULL || memory == MAP_FAILED || pthread_mutex_init(&pool->mutex, NULL) != 0) {
        if (memory != MAP_FAILED)
            (void)munmap(memory, count * STRIDE);
        free(list);
        free(pool);
        err_memory(err);
        return NULL;
    }
    pool->memory = memory;
    pool->free = list;
    pool->count = count;
    pool->kept = kept;
    for (size_t i = count; i > 0; i--)
        pool->free[pool->free_count++] = pool->memory + (i - 1) * STRIDE;
    return pool;
}

void inbox_pool_free(struct inbox_pool *pool)
{
    if (pool == NULL)
        return;
    (void)pthread_mutex_destroy(&pool->mutex);
    (void)munmap(pool->memory, pool->count * STRIDE);
    free(pool->free);
    free(pool);
}

bool inbox_take(struct inbox_pool *pool, struct inbox *inbox)
{
    struct memory *memory = NULL;
    *inbox = (struct inbox){0};
    (void)pthread_mutex_lock(&pool->mutex);
    if (pool->free_count > 0)
        memory = (void *)pool->free[--pool->free_count];
    (void)pthread_mutex_unlock(&pool->mutex);
    if (memory == NULL)
        return false;
    inbox->bytes = memory->bytes;
    inbox->head = &memory->head;
    request_head_begin(inbox->head);
    inbox->head->takes_loose_host = true;
    return true;
}

static void put_back(struct inbox_pool *pool, char *memory)
{
    pool->free[pool->free_count++] = memory;
}

void inbox_give(struct inbox_pool *pool, struct inbox *inbox)
{
    if (inbox->bytes == NULL)
        return;
    char *memory = (char *)inbox->head; /* it only points to what is wiped, and begins anew */
    explicit_bzero(inbox->bytes, inbox->touched);
    *inbox = (struct inbox){0};
    (void)pthread_mutex_lock(&pool->mutex);
    bool many = pool->count - pool->free_count > pool->kept;
    if (!many)
        put_back(pool, memory);
    (void)pthread_mutex_unlock(&pool->mutex);
    if (!many)
        return;
    (void)madvise(memory, STRIDE, MADV_DONTNEED); /* else its pages stay, wiped */
    (void)pthread_mutex_lock(&pool->mutex);
    put_back(pool, memory);
    (void)pthread_mutex_unlock(&pool->mutex);
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
    request_head_begin(inbox->head);
    inbox->head->takes_loose_host = true;
}
