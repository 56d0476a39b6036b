/* tests/shim/allocator.h - the allocation functions, in front of the C library's.  For one shim, which says
 * which allocation fails, with errno set. */
#ifndef TESTS_SHIM_ALLOCATOR_H
#define TESTS_SHIM_ALLOCATOR_H

#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static bool allocation_fails(void);

static void *(*real_malloc)(size_t);
static void *(*real_calloc)(size_t, size_t);
static void *(*real_realloc)(void *, size_t);

/* dlsym() may allocate before it has told us where to, and so may the start of libraries before a
 * sanitizer's: room for that. */
static char early[1024 * 1024];
static size_t early_used;

static void *early_alloc(size_t size)
{
    size_t begin = (early_used + 15) / 16 * 16;
    if (begin + size > sizeof early)
        return NULL;
    early_used = begin + size;
    return early + begin;
}

static bool is_early(const void *pointer)
{
    return (const char *)pointer >= early && (const char *)pointer < early + sizeof early;
}

/* The address sanitizer's, NULL without it.  It cannot be asked for memory before it has set itself up, which
 * it has when our own constructor runs. */
void __asan_init(void) __attribute__((weak));

static bool constructed;

__attribute__((constructor)) static void construct(void)
{
    constructed = true;
}

/* The first to come is alone, before main(); real_malloc is the last that is there. */
static bool is_ready(void)
{
    static bool asked;
    if (!asked && (constructed || __asan_init == NULL)) {
        asked = true;
        *(void **)&real_calloc = dlsym(RTLD_NEXT, "calloc");
        *(void **)&real_realloc = dlsym(RTLD_NEXT, "realloc");
        *(void **)&real_malloc = dlsym(RTLD_NEXT, "malloc");
    }
    return real_malloc != NULL;
}

void *malloc(size_t size)
{
    if (!is_ready())
        return early_alloc(size);
    return allocation_fails() ? NULL : real_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    if (!is_ready())
        return early_alloc(count * size); /* static, so zero */
    return allocation_fails() ? NULL : real_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    if (!is_ready() || is_early(old)) {
        size_t most = old == NULL ? 0 : (size_t)(early + sizeof early - (char *)old);
        void *new = malloc(size);
        if (new != NULL && old != NULL)
            (void)memcpy(new, old, size < most ? size : most);
        return new;
    }
    return allocation_fails() ? NULL : real_realloc(old, size);
}

void free(void *pointer)
{
    static void (*real_free)(void *);
    if (pointer == NULL || is_early(pointer))
        return;
    if (real_free == NULL)
        *(void **)&real_free = dlsym(RTLD_NEXT, "free");
    real_free(pointer);
}

#endif
