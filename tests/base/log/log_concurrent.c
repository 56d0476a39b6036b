#include "base/log/log.h"

#include "tests/unit.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WRITERS = 8, LINES = 500, LONGEST = 6000 };

struct writer {
    struct log *log;
    int number;
};

/* Lines of many lengths, also beyond what a pipe takes in one piece; each is full of its writer's letter. */
static void *write_lines(void *pointer)
{
    const struct writer *writer = pointer;
    char line[LONGEST + 1];
    memset(line, 'a' + writer->number, sizeof line);
    for (size_t i = 0; i < LINES; i++) {
        size_t length = 1 + (i * 797 + (size_t)writer->number * 131) % LONGEST;
        line[length] = '\n';
        log_line(writer->log, line, length + 1);
        line[length] = (char)('a' + writer->number);
    }
    return NULL;
}

/* 0 when the line has one letter only; counts it for its writer. */
static int look_at(const char *line, size_t length, unsigned seen[WRITERS])
{
    unsigned writer = (unsigned)(line[0] - 'a');
    if (length < 2 || writer >= WRITERS || line[length - 1] != '\n')
        return 1;
    for (size_t i = 0; i + 1 < length; i++)
        if (line[i] != line[0])
            return 1;
    seen[writer]++;
    return 0;
}

static void check(bool gathers)
{
    struct log log;
    int ends[2];
    pthread_t threads[WRITERS];
    struct writer writers[WRITERS];
    unsigned seen[WRITERS] = {0};
    char *line = NULL;
    size_t size = 0;
    int torn = 0;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(log_init(&log, ends[1]), 0);
    assert_int_equal(gathers ? log_gather(&log) : 0, 0);
    for (int i = 0; i < WRITERS; i++) {
        writers[i] = (struct writer){&log, i};
        assert_int_equal(pthread_create(&threads[i], NULL, write_lines, &writers[i]), 0);
    }
    FILE *reader = fdopen(ends[0], "r");
    assert_non_null(reader);
    for (int i = 0; i < WRITERS * LINES; i++) {
        ssize_t length = getline(&line, &size, reader);
        assert_true(length > 0);
        torn += look_at(line, (size_t)length, seen);
    }
    for (int i = 0; i < WRITERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(seen[i], LINES);
    }
    assert_int_equal(torn, 0);
    assert_int_equal(atomic_load(&log.dropped), 0);
    free(line);
    log_done(&log);
    assert_int_equal(fclose(reader), 0);
    assert_int_equal(close(ends[1]), 0);
}

static void lines_never_interleave(void **state)
{
    (void)state;
    check(false);
}

static void gathered_lines_never_interleave(void **state)
{
    (void)state;
    check(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(lines_never_interleave),
                                       cmocka_unit_test(gathered_lines_never_interleave)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
