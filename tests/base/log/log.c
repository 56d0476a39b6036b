#include "base/log/log.h"

#include "tests/unit.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A pipe in which the log is one end, and a reader's view of it the other. */
struct pipe {
    int reader;
    int writer;
    struct log log;
};

static int open_pipe(void **state)
{
    int ends[2];
    struct pipe *pipe = calloc(1, sizeof *pipe);
    if (pipe == NULL || pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
        return -1;
    pipe->reader = ends[0];
    pipe->writer = ends[1];
    *state = pipe;
    return signal(SIGPIPE, SIG_IGN) == SIG_ERR ? -1 : log_init(&pipe->log, pipe->writer);
}

static int close_pipe(void **state)
{
    struct pipe *pipe = *state;
    log_done(&pipe->log);
    (void)close(pipe->writer);
    (void)close(pipe->reader);
    free(pipe);
    return 0;
}

/* All that is in the pipe by now; the caller frees it. */
static char *drain(const struct pipe *pipe)
{
    enum { MOST = 1024 * 1024 };
    size_t length = 0;
    char *text = malloc(MOST + 1);
    assert_non_null(text);
    for (ssize_t got; (got = read(pipe->reader, text + length, MOST - length)) > 0;)
        length += (size_t)got;
    text[length] = '\0';
    return text;
}

static void a_line_is_written_as_it_is(void **state)
{
    struct pipe *pipe = *state;
    log_line(&pipe->log, "{\"n\":1}\n", 8);
    log_line(&pipe->log, "{\"n\":2}\n", 8);
    char *text = drain(pipe);
    assert_string_equal(text, "{\"n\":1}\n{\"n\":2}\n");
    assert_int_equal(atomic_load(&pipe->log.dropped), 0);
    free(text);
}

static void a_reader_that_is_gone_is_counted(void **state)
{
    struct pipe *pipe = *state;
    assert_int_equal(close(pipe->reader), 0);
    for (int i = 0; i < 3; i++)
        log_line(&pipe->log, "lost\n", 5);
    assert_int_equal(atomic_load(&pipe->log.dropped), 3);
    pipe->reader = -1;
}

static void a_full_disk_is_counted(void **state)
{
    struct log log;
    int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(log_init(&log, fd), 0);
    log_line(&log, "lost\n", 5);
    assert_int_equal(atomic_load(&log.dropped), 1);
    log_done(&log);
    assert_int_equal(close(fd), 0);
}

/* Long lines, so that the pipe fills up in the middle of one: those that count as written must be there
 * whole, each in a line of its own, or the reader's JSON parser stumbles over two halves. */
static void a_full_pipe_tears_no_line(void **state)
{
    enum { LINE = 5000, LINES = 40 };
    struct pipe *pipe = *state;
    char line[LINE];
    size_t whole = 0;
    char *seen = NULL;
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < LINES / 2; i++) {
            memset(line, 'a' + i, LINE - 1);
            line[LINE - 1] = '\n';
            log_line(&pipe->log, line, LINE);
        }
        char *text = drain(pipe);
        char *both = NULL;
        assert_true(asprintf(&both, "%s%s", seen == NULL ? "" : seen, text) >= 0);
        free(seen);
        free(text);
        seen = both;
    }
    char *rest = seen;
    for (char *found; (found = strsep(&rest, "\n")) != NULL;)
        whole += strlen(found) == LINE - 1 && strspn(found, (char[]){found[0], '\0'}) == LINE - 1;
    assert_true(atomic_load(&pipe->log.dropped) > 0);
    assert_int_equal(whole, LINES - atomic_load(&pipe->log.dropped));
    free(seen);
}

/* ---- lines that are gathered ---- */

static void wait_for_text(const struct pipe *pipe, const char *expected)
{
    char *all = strdup("");
    assert_non_null(all);
    for (int tries = 0; tries < 10000 && strcmp(all, expected) != 0; tries++) {
        char *more = drain(pipe);
        char *both = NULL;
        assert_true(asprintf(&both, "%s%s", all, more) >= 0);
        free(more);
        free(all);
        all = both;
        unit_elapse(1);
    }
    assert_string_equal(all, expected);
    free(all);
}

/* Nobody has to ask for them. */
static void what_is_gathered_is_written_soon(void **state)
{
    struct pipe *pipe = *state;
    assert_int_equal(log_gather(&pipe->log), 0);
    log_line(&pipe->log, "one\n", 4);
    log_line(&pipe->log, "two\n", 4);
    wait_for_text(pipe, "one\ntwo\n");
    log_line(&pipe->log, "three\n", 6);
    wait_for_text(pipe, "three\n");
    assert_int_equal(atomic_load(&pipe->log.dropped), 0);
}

static void all_is_there_once_it_settles(void **state)
{
    struct pipe *pipe = *state;
    assert_int_equal(log_gather(&pipe->log), 0);
    for (int i = 0; i < 1000; i++)
        log_line(&pipe->log, "a line of the log\n", 18);
    log_settle(&pipe->log);
    char *text = drain(pipe);
    assert_int_equal(strlen(text), 18000);
    free(text);
    log_line(&pipe->log, "at once\n", 8);
    text = drain(pipe);
    assert_string_equal(text, "at once\n");
    free(text);
}

static void log_done_writes_the_rest(void **state)
{
    int ends[2];
    char text[64];
    struct log log;
    (void)state;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(log_init(&log, ends[1]), 0);
    assert_int_equal(log_gather(&log), 0);
    log_line(&log, "the last one\n", 13);
    log_done(&log);
    assert_int_equal(read(ends[0], text, sizeof text), 13);
    assert_int_equal(close(ends[0]) + close(ends[1]), 0);
}

/* The same promise as without gathering: a full pipe loses whole lines, and counts each. */
static void gathered_lines_are_lost_whole(void **state)
{
    enum { LINES = 500, LINE = 600 };
    struct pipe *pipe = *state;
    char line[LINE];
    size_t whole = 0;
    assert_int_equal(log_gather(&pipe->log), 0);
    for (int i = 0; i < LINES; i++) { /* a pipe takes 64 KiB */
        memset(line, 'a' + i % 26, LINE - 1);
        line[LINE - 1] = '\n';
        log_line(&pipe->log, line, LINE);
    }
    log_settle(&pipe->log);
    char *text = drain(pipe);
    char *rest = text;
    for (char *found; (found = strsep(&rest, "\n")) != NULL;)
        whole += strlen(found) == LINE - 1 && strspn(found, (char[]){found[0], '\0'}) == LINE - 1;
    assert_true(whole > 0 && atomic_load(&pipe->log.dropped) > 0);
    assert_int_equal(whole, LINES - atomic_load(&pipe->log.dropped));
    free(text);
}

static void gathered_for_a_reader_that_is_gone(void **state)
{
    struct pipe *pipe = *state;
    assert_int_equal(close(pipe->reader), 0);
    assert_int_equal(log_gather(&pipe->log), 0);
    for (int i = 0; i < 3; i++)
        log_line(&pipe->log, "lost\n", 5);
    log_settle(&pipe->log);
    assert_int_equal(atomic_load(&pipe->log.dropped), 3);
    pipe->reader = -1;
}

static void a_line_larger_than_the_room_is_counted(void **state)
{
    struct pipe *pipe = *state;
    char *line = calloc(1, LINE_QUEUE_ROOM + 2);
    assert_non_null(line);
    memset(line, 'x', LINE_QUEUE_ROOM);
    line[LINE_QUEUE_ROOM] = '\n';
    assert_int_equal(log_gather(&pipe->log), 0);
    log_line(&pipe->log, line, LINE_QUEUE_ROOM + 1);
    assert_int_equal(atomic_load(&pipe->log.dropped), 1);
    free(line);
}

/* Nobody may wait for ever for a reader that hangs: here the pipe would block. */
static void a_reader_that_hangs_is_not_waited_for(void **state)
{
    enum { LINE = 5000, LINES = 100 };
    struct pipe *pipe = *state;
    char line[LINE];
    assert_int_equal(fcntl(pipe->writer, F_SETFL, 0), 0);
    memset(line, 'x', LINE - 1);
    line[LINE - 1] = '\n';
    (void)alarm(10);
    for (int i = 0; i < LINES; i++)
        log_line(&pipe->log, line, LINE);
    (void)alarm(0);
    assert_true(atomic_load(&pipe->log.dropped) > 0);
    free(drain(pipe));
    log_line(&pipe->log, "back\n", 5);
    char *text = drain(pipe);
    assert_non_null(strstr(text, "back\n"));
    free(text);
}

#define WITH_PIPE(test) cmocka_unit_test_setup_teardown(test, open_pipe, close_pipe)
int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PIPE(a_line_is_written_as_it_is),
        WITH_PIPE(a_reader_that_is_gone_is_counted),
        cmocka_unit_test(a_full_disk_is_counted),
        WITH_PIPE(a_full_pipe_tears_no_line),
        WITH_PIPE(what_is_gathered_is_written_soon),
        WITH_PIPE(all_is_there_once_it_settles),
        cmocka_unit_test(log_done_writes_the_rest),
        WITH_PIPE(gathered_lines_are_lost_whole),
        WITH_PIPE(gathered_for_a_reader_that_is_gone),
        WITH_PIPE(a_line_larger_than_the_room_is_counted),
        WITH_PIPE(a_reader_that_hangs_is_not_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
