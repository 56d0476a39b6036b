/* One thread that brings lines and takes them: what waits for others is in gather_concurrent.c. */
#include "base/log/line_queue.h"

#include "tests/unit.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LONG_MS = 60000, SHORT_MS = 30 };

static int set_up(void **state)
{
    static struct line_queue gather;
    *state = &gather;
    return line_queue_init(&gather);
}

static int tear_down(void **state)
{
    line_queue_done(*state);
    return 0;
}

static int64_t millis(void)
{
    struct timespec now;
    assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &now), 0);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void put(struct line_queue *gather, const char *line)
{
    assert_int_equal(line_queue_put(gather, line, strlen(line), LONG_MS), LINE_QUEUE_TAKEN);
}

static void must_take(struct line_queue *gather, const char *expected)
{
    const char *bytes = NULL;
    size_t length = line_queue_take(gather, &bytes);
    assert_int_equal(length, strlen(expected));
    assert_memory_equal(bytes, expected, length);
}

/* So many letters; the caller frees them. */
static char *letters(size_t count)
{
    char *line = malloc(count);
    assert_non_null(line);
    memset(line, 'x', count);
    return line;
}

/* Both rooms by turns, each from its beginning. */
static void lines_are_taken_in_their_order(void **state)
{
    for (int i = 0; i < 5; i++) {
        put(*state, "one\n");
        put(*state, "two\n");
        put(*state, "three\n");
        must_take(*state, "one\ntwo\nthree\n");
        put(*state, "four\n");
        must_take(*state, "four\n");
    }
}

/* What was taken stays there until the next is, whatever comes meanwhile. */
static void what_was_taken_stays(void **state)
{
    const char *bytes = NULL;
    char *line = letters(LINE_QUEUE_ROOM);
    put(*state, "one\n");
    assert_int_equal(line_queue_take(*state, &bytes), 4);
    assert_int_equal(line_queue_put(*state, line, LINE_QUEUE_ROOM, 0), LINE_QUEUE_TAKEN);
    assert_memory_equal(bytes, "one\n", 4);
    assert_int_equal(line_queue_take(*state, &bytes), LINE_QUEUE_ROOM);
    assert_memory_equal(bytes, line, LINE_QUEUE_ROOM);
    free(line);
}

static void a_line_larger_than_the_room_is_not_waited_for(void **state)
{
    char *line = letters(LINE_QUEUE_ROOM + 1);
    int64_t begun = millis();
    assert_int_equal(line_queue_put(*state, line, LINE_QUEUE_ROOM + 1, LONG_MS), LINE_QUEUE_FULL);
    assert_true(millis() - begun < LONG_MS);
    put(*state, "another\n");
    must_take(*state, "another\n");
    free(line);
}

/* Of a line that does not fit no byte is there; a shorter one may still fit. */
static void a_full_room_is_waited_for_as_long_as_said(void **state)
{
    const char *bytes = NULL;
    char *line = letters(LINE_QUEUE_ROOM - 4);
    assert_int_equal(line_queue_put(*state, line, LINE_QUEUE_ROOM - 4, 0), LINE_QUEUE_TAKEN);
    int64_t begun = millis();
    assert_int_equal(line_queue_put(*state, "five\n", 5, SHORT_MS), LINE_QUEUE_FULL);
    assert_true(millis() - begun >= SHORT_MS - 1); /* both ends are rounded */
    put(*state, "two\n");
    assert_int_equal(line_queue_put(*state, "\n", 1, 0), LINE_QUEUE_FULL);
    assert_int_equal(line_queue_take(*state, &bytes), LINE_QUEUE_ROOM);
    assert_memory_equal(bytes + LINE_QUEUE_ROOM - 4, "two\n", 4);
    put(*state, "five\n");
    must_take(*state, "five\n");
    free(line);
}

static void what_came_before_the_end_is_taken_after_it(void **state)
{
    put(*state, "one\n");
    put(*state, "two\n");
    line_queue_close(*state);
    assert_int_equal(line_queue_put(*state, "three\n", 6, LONG_MS), LINE_QUEUE_CLOSED);
    must_take(*state, "one\ntwo\n");
    must_take(*state, "");
    assert_int_equal(line_queue_put(*state, "three\n", 6, LONG_MS), LINE_QUEUE_CLOSED);
    must_take(*state, "");
}

static void the_end_of_nothing(void **state)
{
    line_queue_close(*state);
    line_queue_close(*state);
    must_take(*state, "");
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(lines_are_taken_in_their_order),
        WITH(what_was_taken_stays),
        WITH(a_line_larger_than_the_room_is_not_waited_for),
        WITH(a_full_room_is_waited_for_as_long_as_said),
        WITH(what_came_before_the_end_is_taken_after_it),
        WITH(the_end_of_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
