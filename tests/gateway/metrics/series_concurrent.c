/* Many threads make and count the same series at once, while another writes the page: nothing is counted
 * twice, lost, or made twice. */
#include "gateway/metrics/series.h"

#include "tests/unit.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 6, ROUNDS = 3000, SERIES = 500 };

static const struct series_family families[] = {{"x_total", "x.", {"n"}, false},
                                                {"y_seconds", "y.", {"n"}, true}};
static struct series_table *table;
static pthread_barrier_t together;

static void *count(void *context)
{
    (void)context;
    (void)pthread_barrier_wait(&together);
    for (int i = 0; i < ROUNDS; i++) {
        char text[16];
        const char *value = text;
        (void)snprintf(text, sizeof text, "%d", i % SERIES);
        series_add(table, 0, &value, 1);
        series_observe(table, 1, &value, 1000);
    }
    return NULL;
}

static unsigned long long sum_of(const char *page, const char *prefix, unsigned *lines)
{
    unsigned long long sum = 0;
    for (const char *line = page; *line != '\0'; line = strchr(line, '\n') + 1) {
        if (strncmp(line, prefix, strlen(prefix)) != 0)
            continue;
        sum += strtoull(strstr(line, "} ") + 2, NULL, 10);
        ++*lines;
    }
    return sum;
}

static void test_all_at_once(void **state)
{
    pthread_t threads[THREADS];
    struct buf page;
    unsigned lines = 0;
    (void)state;
    table = series_new(families, COUNT(families));
    assert_non_null(table);
    assert_int_equal(pthread_barrier_init(&together, NULL, THREADS + 1), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count, NULL), 0);
    (void)pthread_barrier_wait(&together);
    buf_init(&page, 4 * 1024 * 1024);
    for (int i = 0; i < 20; i++) {
        buf_reset(&page);
        series_write(table, &page);
    }
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    buf_reset(&page);
    series_write(table, &page);
    assert_int_equal(sum_of(buf_text(&page), "x_total{", &lines), THREADS * ROUNDS);
    assert_int_equal(lines, SERIES);
    lines = 0;
    assert_int_equal(sum_of(buf_text(&page), "y_seconds_count{", &lines), THREADS * ROUNDS);
    assert_int_equal(lines, SERIES);
    assert_int_equal(series_lost(table), 0);
    buf_done(&page);
    series_free(table);
    (void)pthread_barrier_destroy(&together);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_all_at_once)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
