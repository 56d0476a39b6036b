/* Linked with --wrap into programs of the tests: most of what is taken of an arena is there already, in
 * its block, so that no malloc() is asked.  Here each taking may fail like one. */
#include "base/arena.h"
#include "tests/shim/places.h"

void *__real_arena_alloc(struct arena *arena, size_t size);
void *__real_arena_array(struct arena *arena, size_t count, size_t size);
char *__real_arena_copy(struct arena *arena, const char *bytes, size_t length);
char *__real_arena_strdup(struct arena *arena, const char *text);

void *__wrap_arena_alloc(struct arena *arena, size_t size);
void *__wrap_arena_array(struct arena *arena, size_t count, size_t size);
char *__wrap_arena_copy(struct arena *arena, const char *bytes, size_t length);
char *__wrap_arena_strdup(struct arena *arena, const char *text);

void *__wrap_arena_alloc(struct arena *arena, size_t size)
{
    return memory_fails() ? NULL : __real_arena_alloc(arena, size);
}

void *__wrap_arena_array(struct arena *arena, size_t count, size_t size)
{
    return memory_fails() ? NULL : __real_arena_array(arena, count, size);
}

char *__wrap_arena_copy(struct arena *arena, const char *bytes, size_t length)
{
    return memory_fails() ? NULL : __real_arena_copy(arena, bytes, length);
}

char *__wrap_arena_strdup(struct arena *arena, const char *text)
{
    return memory_fails() ? NULL : __real_arena_strdup(arena, text);
}
