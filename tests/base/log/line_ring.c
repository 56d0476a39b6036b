/* The last lines: as many as there is room for, the newest first, none torn. */
#include "base/log/line_ring.h"

#include "tests/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int set_up(void **state)
{
    *state = line_ring_new();
    return *state == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
    line_ring_free(*state);
    return 0;
}

static void assert_line(const struct line_ring *copy, size_t back, const char *text)
{
    size_t length = 0;
    const char *line = line_ring_at(copy, back, &length);
    assert_non_null(line);
    assert_int_equal(length, strlen(text));
    assert_memory_equal(line, text, length);
}

static void the_newest_comes_first(void **state)
{
    size_t length = 0;
    line_ring_put(*state, "one\ntwo\n", 8);
    line_ring_put(*state, "three\n", 6);
    struct line_ring *copy = line_ring_copy(*state);
    assert_non_null(copy);
    line_ring_put(*state, "four\n", 5);
    assert_int_equal(line_ring_count(copy), 3);
    assert_line(copy, 0, "three");
    assert_line(copy, 2, "one");
    assert_null(line_ring_at(copy, 3, &length));
    line_ring_free(copy);
}

static void nothing_is_there_at_first(void **state)
{
    size_t length = 0;
    struct line_ring *copy = line_ring_copy(*state);
    assert_non_null(copy);
    assert_int_equal(line_ring_count(copy), 0);
    assert_null(line_ring_at(copy, 0, &length));
    line_ring_free(copy);
}

static void the_oldest_make_room(void **state)
{
    char line[32];
    for (int i = 0; i < 2 * LINE_RING_LINES + 7; i++) {
        int length = snprintf(line, sizeof line, "%d\n", i);
        line_ring_put(*state, line, (size_t)length);
    }
    struct line_ring *copy = line_ring_copy(*state);
    assert_non_null(copy);
    assert_int_equal(line_ring_count(copy), LINE_RING_LINES);
    for (int i = 0; i < LINE_RING_LINES; i++) {
        (void)snprintf(line, sizeof line, "%d", 2 * LINE_RING_LINES + 6 - i);
        assert_line(copy, (size_t)i, line);
    }
    line_ring_free(copy);
}

/* Lines of a length that does not divide the ring: each that is still there is whole. */
static void long_lines_are_fewer_and_whole(void **state)
{
    enum { LENGTH = 100003, PUT = 300 };
    char *line = malloc(LENGTH + 1);
    assert_non_null(line);
    for (int i = 0; i < PUT; i++) {
        memset(line, 'a' + i % 26, LENGTH);
        line[LENGTH] = '\n';
        line_ring_put(*state, line, LENGTH + 1);
    }
    struct line_ring *copy = line_ring_copy(*state);
    assert_non_null(copy);
    size_t count = line_ring_count(copy);
    assert_in_range(count, LINE_RING_BYTES / LENGTH - 1, LINE_RING_BYTES / LENGTH);
    for (size_t i = 0; i < count; i++) {
        size_t length = 0;
        const char *there = line_ring_at(copy, i, &length);
        assert_int_equal(length, LENGTH);
        for (size_t j = 0; j < length; j++)
            if (there[j] != 'a' + (int)(PUT - 1 - i) % 26)
                fail_msg("line %zu is torn at %zu", i, j);
    }
    line_ring_free(copy);
    free(line);
}

static void a_line_longer_than_all_is_left_out(void **state)
{
    char *line = calloc(1, LINE_RING_BYTES + 2);
    assert_non_null(line);
    memset(line, 'x', LINE_RING_BYTES + 1);
    line[LINE_RING_BYTES + 1] = '\n';
    line_ring_put(*state, "before\n", 7);
    line_ring_put(*state, line, LINE_RING_BYTES + 2);
    struct line_ring *copy = line_ring_copy(*state);
    assert_non_null(copy);
    assert_int_equal(line_ring_count(copy), 1);
    assert_line(copy, 0, "before");
    line_ring_free(copy);
    free(line);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(the_newest_comes_first),
        WITH(nothing_is_there_at_first),
        WITH(the_oldest_make_room),
        WITH(long_lines_are_fewer_and_whole),
        WITH(a_line_longer_than_all_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
