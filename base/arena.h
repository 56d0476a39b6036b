/* base/arena.h - memory that is given back all at once.
 *
 * An arena belongs to one thread at a time.  What arena_alloc() returns is zeroed, aligned for any type, and
 * lives until arena_reset() or arena_free(). */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/base.h"

struct arena;

/* At most `ceiling` bytes are handed out between two resets.  NULL when memory is out. */
MUST_USE struct arena *arena_new(size_t ceiling);
void arena_free(struct arena *arena);

/* Gives everything back but one small block, so that a quiet arena costs little. */
void arena_reset(struct arena *arena);

/* NULL when the ceiling is reached or memory is out. */
MUST_USE void *arena_alloc(struct arena *arena, size_t size);
MUST_USE void *arena_array(struct arena *arena, size_t count, size_t size);
MUST_USE char *arena_copy(struct arena *arena, const char *bytes, size_t length);
MUST_USE char *arena_strdup(struct arena *arena, const char *text);

#endif
