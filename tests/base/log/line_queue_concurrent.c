/* Threads that wait for each other; and many at once, of whose lines none is torn, lost, or overtaken by a
 * later one of its own thread. */
#include "base/log/line_queue.h"

#include "tests/unit.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    WRITERS = 8,
    LINES = 600,    /* of each: 14 MB in all, 14 rooms full */
    LONGEST = 6000, /* bytes of a line */
    LONG_MS = 60000 /* longer than any test may take */
};

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

static pthread_t start(void *(*run)(void *), void *argument)
{
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, run, argument), 0);
    return thread;
}

/* ---- one waits for another ---- */

struct putter {
    struct line_queue *gather;
    enum line_queue_result result;
};

static void *put_one(void *pointer)
{
    struct putter *putter = pointer;
    putter->result = line_queue_put(putter->gather, "late\n", 5, LONG_MS);
    return NULL;
}

/* A room without a byte to spare, and one who waits for it. */
static pthread_t begin_to_wait(struct line_queue *gather, struct putter *putter)
{
    char *line = calloc(1, LINE_QUEUE_ROOM);
    assert_non_null(line);
    assert_int_equal(line_queue_put(gather, line, LINE_QUEUE_ROOM, 0), LINE_QUEUE_TAKEN);
    free(line);
    *putter = (struct putter){.gather = gather};
    pthread_t thread = start(put_one, putter);
    unit_await(atomic_load(&gather->waiting) != 0);
    return thread;
}

static void a_full_room_is_waited_for(void **state)
{
    struct putter putter;
    const char *bytes = NULL;
    pthread_t thread = begin_to_wait(*state, &putter);
    assert_int_equal(line_queue_take(*state, &bytes), LINE_QUEUE_ROOM);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(putter.result, LINE_QUEUE_TAKEN);
    assert_int_equal(line_queue_take(*state, &bytes), 5);
    assert_memory_equal(bytes, "late\n", 5);
    assert_int_equal(atomic_load(&putter.gather->waiting), 0);
}

static void the_end_ends_a_wait_for_room(void **state)
{
    struct putter putter;
    const char *bytes = NULL;
    pthread_t thread = begin_to_wait(*state, &putter);
    line_queue_close(*state);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(putter.result, LINE_QUEUE_CLOSED);
    assert_int_equal(line_queue_take(*state, &bytes), LINE_QUEUE_ROOM);
    assert_int_equal(line_queue_take(*state, &bytes), 0);
}

static void *take_one(void *pointer)
{
    const char *bytes = NULL;
    return line_queue_take(pointer, &bytes) == 5 ? pointer : NULL;
}

/* The pause makes it likely that he waits already; whether or not, the result is the same. */
static void a_line_or_the_end_ends_a_wait_for_lines(void **state)
{
    void *result = NULL;
    pthread_t thread = start(take_one, *state);
    unit_elapse(20);
    assert_int_equal(line_queue_put(*state, "late\n", 5, 0), LINE_QUEUE_TAKEN);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_non_null(result);
    thread = start(take_one, *state);
    unit_elapse(20);
    line_queue_close(*state);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_null(result);
}

/* ---- many at once ---- */

struct writer {
    struct line_queue *gather;
    size_t number;
    int not_taken;
};

/* Of a writer's lines no two have the same length, so that it tells which one it is. */
static size_t length_of(size_t writer, size_t line)
{
    return 2 + (line * 797 + writer * 131) % LONGEST;
}

static void *write_lines(void *pointer)
{
    struct writer *writer = pointer;
    char line[LONGEST + 2];
    for (size_t i = 0; i < LINES; i++) {
        size_t length = length_of(writer->number, i);
        memset(line, 'a' + (int)writer->number, length - 1);
        line[length - 1] = '\n';
        writer->not_taken += line_queue_put(writer->gather, line, length, LONG_MS) != LINE_QUEUE_TAKEN;
    }
    return NULL;
}

struct reader {
    struct line_queue *gather;
    size_t next[WRITERS]; /* the number of the line that is to come */
    int wrong;
};

/* The length of the first line, all of whose letters are its writer's, and which is his next; else 0. */
static size_t look_at(struct reader *reader, const char *bytes, size_t size)
{
    size_t writer = (size_t)(bytes[0] - 'a');
    if (writer >= WRITERS || reader->next[writer] == LINES)
        return 0;
    size_t length = length_of(writer, reader->next[writer]++);
    if (length > size || bytes[length - 1] != '\n')
        return 0;
    for (size_t i = 1; i + 1 < length; i++)
        if (bytes[i] != bytes[0])
            return 0;
    return length;
}

static void *read_lines(void *pointer)
{
    struct reader *reader = pointer;
    const char *bytes = NULL;
    for (size_t size; (size = line_queue_take(reader->gather, &bytes)) > 0;)
        for (size_t at = 0, length; at < size; at += length)
            if ((length = look_at(reader, bytes + at, size - at)) == 0) {
                reader->wrong++;
                break;
            }
    return NULL;
}

static void nothing_is_torn_lost_or_overtaken(void **state)
{
    struct reader reader = {.gather = *state};
    struct writer writers[WRITERS];
    pthread_t threads[WRITERS];
    pthread_t reading = start(read_lines, &reader);
    for (size_t i = 0; i < WRITERS; i++) {
        writers[i] = (struct writer){.gather = *state, .number = i};
        threads[i] = start(write_lines, &writers[i]);
    }
    for (size_t i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    line_queue_close(*state);
    assert_int_equal(pthread_join(reading, NULL), 0);
    assert_int_equal(reader.wrong, 0);
    for (size_t i = 0; i < WRITERS; i++) {
        assert_int_equal(writers[i].not_taken, 0);
        assert_int_equal(reader.next[i], LINES);
    }
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(a_full_room_is_waited_for),
        WITH(the_end_ends_a_wait_for_room),
        WITH(a_line_or_the_end_ends_a_wait_for_lines),
        WITH(nothing_is_torn_lost_or_overtaken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
