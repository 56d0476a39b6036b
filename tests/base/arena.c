#include "base/arena.h"

#include "tests/unit.h"

#include <stdlib.h>
#include <string.h>

enum { CEILING = 100 * 1000 };

static int fresh(void **state)
{
    *state = arena_new(CEILING);
    return *state == NULL ? -1 : 0;
}

static int gone(void **state)
{
    arena_free(*state);
    return 0;
}

static bool is_zero(const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i] != 0)
            return false;
    return true;
}

/* Every block is aligned, zeroed, and its own: what is written to one does not show in another. */
static void blocks_are_aligned_zeroed_and_apart(void **state)
{
    static const size_t sizes[] = {1, 7, 8, 15, 16, 17, 100, 4096, 8191, 8192, 8193, 20000, 1, 3};
    unsigned char *blocks[COUNT(sizes)];
    for (size_t i = 0; i < COUNT(sizes); i++) {
        blocks[i] = arena_alloc(*state, sizes[i]);
        assert_non_null(blocks[i]);
        assert_int_equal((uintptr_t)blocks[i] % _Alignof(max_align_t), 0);
        assert_true(is_zero(blocks[i], sizes[i]));
        memset(blocks[i], (int)i + 1, sizes[i]);
    }
    for (size_t i = 0; i < COUNT(sizes); i++)
        for (size_t j = 0; j < sizes[i]; j++)
            assert_int_equal(blocks[i][j], i + 1);
}

/* What was there before a reset must not be seen after it: an arena serves one request after another. */
static void reset_wipes_and_gives_back(void **state)
{
    for (int round = 0; round < 3; round++) {
        for (size_t size = 1; size < 20000; size = size * 3 + 1) {
            unsigned char *block = arena_alloc(*state, size);
            assert_non_null(block);
            assert_true(is_zero(block, size));
            memset(block, 0xA5, size);
        }
        arena_reset(*state);
    }
    arena_reset(*state);
}

static size_t take_all(struct arena *arena, size_t size)
{
    size_t taken = 0;
    while (arena_alloc(arena, size) != NULL)
        taken += size;
    return taken;
}

static void ceiling_holds(void **state)
{
    for (size_t size = 1; size <= 30000; size = size * 7 + 2) {
        size_t taken = take_all(*state, size);
        assert_true(taken <= CEILING);
        assert_true(taken > 0);
        arena_reset(*state);
    }
    assert_non_null(arena_alloc(*state, 16));
    assert_null(arena_alloc(*state, CEILING));
    assert_null(arena_alloc(*state, CEILING + 1));
    assert_non_null(arena_alloc(*state, 16)); /* a refusal changes nothing */
}

static void sizes_that_overflow_are_refused(void **state)
{
    assert_null(arena_alloc(*state, SIZE_MAX));
    assert_null(arena_alloc(*state, SIZE_MAX - 7));
    assert_null(arena_array(*state, SIZE_MAX / 2, 3));
    assert_null(arena_array(*state, 3, SIZE_MAX / 2));
    assert_null(arena_array(*state, SIZE_MAX, SIZE_MAX));
    assert_null(arena_copy(*state, "", SIZE_MAX));
}

static void no_ceiling_is_no_overflow(void **state)
{
    struct arena *arena = arena_new(SIZE_MAX);
    (void)state;
    assert_non_null(arena);
    bool refused = arena_alloc(arena, SIZE_MAX) == NULL && arena_alloc(arena, SIZE_MAX - 3) == NULL;
    bool goes_on = arena_alloc(arena, 1) != NULL;
    arena_free(arena);
    assert_true(refused && goes_on);
}

static void copies_end_with_nul(void **state)
{
    char *text = arena_strdup(*state, "vpc-2ari9m7h");
    char *part = arena_copy(*state, "instance", 3);
    char *bytes = arena_copy(*state, "a\0b", 3);
    char *nothing = arena_copy(*state, NULL, 0);
    assert_string_equal(text, "vpc-2ari9m7h");
    assert_string_equal(part, "ins");
    assert_memory_equal(bytes, "a\0b", 4);
    assert_string_equal(nothing, "");
    assert_non_null(arena_array(*state, 0, 16));
    assert_non_null(arena_array(*state, 4, 0));
}

static void freeing_nothing_is_allowed(void **state)
{
    (void)state;
    arena_free(NULL);
}

#define WITH_ARENA(test) cmocka_unit_test_setup_teardown(test, fresh, gone)
int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ARENA(blocks_are_aligned_zeroed_and_apart),
        WITH_ARENA(reset_wipes_and_gives_back),
        WITH_ARENA(ceiling_holds),
        WITH_ARENA(sizes_that_overflow_are_refused),
        WITH_ARENA(copies_end_with_nul),
        cmocka_unit_test(no_ceiling_is_no_overflow),
        cmocka_unit_test(freeing_nothing_is_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
