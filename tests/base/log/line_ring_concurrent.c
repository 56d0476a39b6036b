/* Copies that are made while others put lines: every line in them is whole. */
#include "base/log/line_ring.h"

#include "tests/unit.h"

#include <pthread.h>
#include <string.h>

enum { WRITERS = 3, LINES = 20000, COPIES = 8, LENGTH = 700 };

struct writer {
    struct line_ring *ring;
    char letter;
};

static void *write_lines(void *pointer)
{
    const struct writer *writer = pointer;
    char line[LENGTH + 1];
    memset(line, writer->letter, LENGTH);
    line[LENGTH] = '\n';
    for (int i = 0; i < LINES; i++)
        line_ring_put(writer->ring, line, sizeof line);
    return NULL;
}

static int torn(const struct line_ring *copy)
{
    int count = 0;
    for (size_t i = 0; i < line_ring_count(copy); i++) {
        size_t length = 0;
        const char *line = line_ring_at(copy, i, &length);
        for (size_t j = 1; j < length && length == LENGTH; j++)
            if (line[j] != line[0]) {
                count++;
                break;
            }
        count += length != LENGTH;
    }
    return count;
}

static void no_line_of_a_copy_is_torn(void **state)
{
    struct line_ring *ring = line_ring_new();
    struct writer writers[WRITERS];
    pthread_t threads[WRITERS];
    (void)state;
    assert_non_null(ring);
    for (int i = 0; i < WRITERS; i++) {
        writers[i] = (struct writer){ring, (char)('a' + i)};
        assert_int_equal(pthread_create(&threads[i], NULL, write_lines, &writers[i]), 0);
    }
    for (int i = 0; i < COPIES; i++) {
        struct line_ring *copy = line_ring_copy(ring);
        assert_non_null(copy);
        assert_int_equal(torn(copy), 0);
        line_ring_free(copy);
    }
    for (int i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    struct line_ring *copy = line_ring_copy(ring);
    assert_non_null(copy);
    assert_int_equal(line_ring_count(copy), LINE_RING_LINES);
    assert_int_equal(torn(copy), 0);
    line_ring_free(copy);
    line_ring_free(ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(no_line_of_a_copy_is_torn)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
