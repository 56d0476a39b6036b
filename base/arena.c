#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

enum {
    ARENA_BLOCK = 8 * 1024, /* an ordinary request fits in one */
    ARENA_WIPED = 1024,     /* at a time */
    /* Who has so much gets it in such pieces: malloc(3) gives those back to the system, and not small ones,
       between which others' lie (SERVE_LARGE of gateway/service/serve.c). */
    ARENA_MANY = 128 * 1024,
    ARENA_LARGE = 256 * 1024,
};

struct arena_block {
    struct arena_block *next;
    size_t size;
    size_t used;
    _Alignas(max_align_t) unsigned char bytes[];
};

struct arena {
    struct arena_block *blocks; /* the one we allocate from comes first */
    size_t total;
    size_t ceiling;
};

struct arena *arena_new(size_t ceiling)
{
    struct arena *arena = calloc(1, sizeof *arena);
    if (arena != NULL)
        arena->ceiling = ceiling;
    return arena;
}

static void arena_drop_all_but(struct arena *arena, struct arena_block *kept)
{
    struct arena_block *block = arena->blocks;
    while (block != NULL) {
        struct arena_block *next = block->next;
        if (block != kept)
            free(block);
        block = next;
    }
    arena->blocks = kept;
    arena->total = 0;
}

void arena_free(struct arena *arena)
{
    if (arena == NULL)
        return;
    arena_drop_all_but(arena, NULL);
    free(arena);
}

/* In pieces for which the C library has no string instruction begin: that takes longer to start than most
 * requests' few KiB take to wipe. */
static void wipe(unsigned char *bytes, size_t length)
{
    for (size_t at = 0; at < length; at += ARENA_WIPED)
        memset(bytes + at, 0, length - at < ARENA_WIPED ? length - at : ARENA_WIPED);
}

void arena_reset(struct arena *arena)
{
    struct arena_block *kept = arena->blocks;
    while (kept != NULL && kept->size != ARENA_BLOCK)
        kept = kept->next;
    arena_drop_all_but(arena, kept);
    if (kept != NULL) {
        wipe(kept->bytes, kept->used);
        kept->used = 0;
        kept->next = NULL;
    }
}

static struct arena_block *arena_grow(struct arena *arena, size_t size)
{
    size_t least = arena->total < ARENA_MANY ? ARENA_BLOCK : ARENA_LARGE;
    size_t block_size = size > least ? size : least;
    if (block_size > SIZE_MAX - sizeof(struct arena_block))
        return NULL;
    struct arena_block *block = calloc(1, sizeof *block + block_size);
    if (block == NULL)
        return NULL;
    block->size = block_size;
    block->next = arena->blocks;
    arena->blocks = block;
    return block;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    const size_t align = _Alignof(max_align_t);
    size_t left = arena->ceiling - arena->total;
    size_t padding = (align - size % align) % align;
    if (size > left || padding > left - size)
        return NULL;
    size += padding;
    struct arena_block *block = arena->blocks;
    if (block == NULL || block->size - block->used < size)
        block = arena_grow(arena, size);
    if (block == NULL)
        return NULL;
    void *result = block->bytes + block->used;
    block->used += size;
    arena->total += size;
    return result;
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size)
        return NULL;
    return arena_alloc(arena, count * size);
}

char *arena_copy(struct arena *arena, const char *bytes, size_t length)
{
    if (length == SIZE_MAX)
        return NULL;
    char *copy = arena_alloc(arena, length + 1);
    if (copy != NULL && length > 0)
        memcpy(copy, bytes, length);
    return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
    return arena_copy(arena, text, strlen(text));
}
