#include "gateway/metrics/series.h"

#include "tests/unit.h"

#include <stdio.h>
#include <string.h>

static const struct series_family families[] = {
    {"first_total", "The first.", {"a", "b"}, false},
    {"second_seconds", "The second.", {"a"}, true},
    {"third_total", "The third.", {NULL}, false},
};

static struct buf page;

static const char *write_page(const struct series_table *table)
{
    buf_done(&page);
    buf_init(&page, 32 * 1024 * 1024);
    series_write(table, &page);
    assert_false(page.failed);
    return buf_text(&page);
}

static int has(const struct series_table *table, const char *line)
{
    return unit_wrong(line, strstr(write_page(table), line) != NULL);
}

static void test_counters(void **state)
{
    struct series_table *table = series_new(families, COUNT(families));
    const char *const one[] = {"x", "yz"};
    const char *const two[] = {"xy", "z"};
    const char *const escaped[] = {"back\\slash \"quoted\"\nnext", ""};
    int wrong = 0;
    (void)state;
    assert_non_null(table);
    assert_string_equal(write_page(table),
                        "# HELP first_total The first.\n# TYPE first_total counter\n"
                        "# HELP second_seconds The second.\n# TYPE second_seconds histogram\n"
                        "# HELP third_total The third.\n# TYPE third_total counter\n");
    series_add(table, 0, one, 1);
    series_add(table, 0, two, 5);
    series_add(table, 0, one, 1);
    series_add(table, 0, escaped, 7);
    series_add(table, 2, NULL, 3);
    wrong += has(table, "\nfirst_total{a=\"x\",b=\"yz\"} 2\n");
    wrong += has(table, "\nfirst_total{a=\"xy\",b=\"z\"} 5\n");
    wrong += has(table, "\nfirst_total{a=\"back\\\\slash \\\"quoted\\\"\\nnext\"} 7\n");
    wrong += has(table, "\nthird_total 3\n");
    assert_int_equal(wrong, 0);
    series_free(table);
}

/* Prometheus: a bucket holds what is less than or equal to its bound, and all below it. */
static void test_histogram(void **state)
{
    static const char *const lines[] = {"\nsecond_seconds_bucket{a=\"x\",le=\"0.001\"} 2\n",
                                        "\nsecond_seconds_bucket{a=\"x\",le=\"0.0025\"} 3\n",
                                        "\nsecond_seconds_bucket{a=\"x\",le=\"30\"} 4\n",
                                        "\nsecond_seconds_bucket{a=\"x\",le=\"+Inf\"} 5\n",
                                        "\nsecond_seconds_sum{a=\"x\"} 61.002001\n",
                                        "\nsecond_seconds_count{a=\"x\"} 5\n"};
    static const int64_t micros[] = {0, 1000, 1001, 1000000, 60000000};
    const char *value = "x";
    struct series_table *table = series_new(families, COUNT(families));
    int wrong = 0;
    (void)state;
    assert_non_null(table);
    for (size_t i = 0; i < COUNT(micros); i++)
        series_observe(table, 1, &value, micros[i]);
    for (size_t i = 0; i < COUNT(lines); i++)
        wrong += has(table, lines[i]);
    assert_int_equal(wrong, 0);
    series_free(table);
}

/* Prometheus' histogram_quantile() by hand: within a bucket the counts lie evenly. */
static void test_sums_and_quantiles(void **state)
{
    const char *const one[] = {"x", "y"};
    const char *const two[] = {"z", "y"};
    const char *fast = "fast";
    const char *slow = "slow";
    unsigned long long sums[SERIES_BOUNDS];
    struct series_table *table = series_new(families, COUNT(families));
    (void)state;
    assert_non_null(table);
    series_sum(table, 1, 0, NULL, sums);
    assert_int_equal(series_quantile(sums, 0.5), 0);
    series_add(table, 0, one, 2);
    series_add(table, 0, two, 3);
    series_sum(table, 0, 0, "z", sums);
    assert_int_equal(sums[0], 3);
    series_sum(table, 0, 1, "y", sums);
    assert_int_equal(sums[0], 5);
    series_sum(table, 0, 1, "x", sums);
    assert_int_equal(sums[0], 0);
    for (int i = 0; i < 100; i++) {
        series_observe(table, 1, &fast, 4000);
        series_observe(table, 1, &slow, 40000);
    }
    series_sum(table, 1, 0, NULL, sums);
    assert_int_equal(series_quantile(sums, 0.5), 5000);
    assert_int_equal(series_quantile(sums, 0.25), 3750);
    assert_int_equal(series_quantile(sums, 0.99), 49500);
    series_sum(table, 1, 0, "fast", sums);
    assert_int_equal(series_quantile(sums, 1), 5000);
    series_observe(table, 1, &slow, 60000000);
    series_sum(table, 1, 0, NULL, sums);
    assert_int_equal(series_quantile(sums, 1), 30000000);
    series_free(table);
}

/* Beyond its bound the table takes no new series, says how many counts are lost, and counts the old ones
 * on. */
static void test_full_table(void **state)
{
    struct series_table *table = series_new(families, COUNT(families));
    char text[16];
    const char *const values[] = {text, "y"};
    (void)state;
    assert_non_null(table);
    for (int i = 0; i < SERIES_MAX + 10; i++) {
        (void)snprintf(text, sizeof text, "%d", i);
        series_add(table, 0, values, 1);
    }
    assert_int_equal(series_lost(table), 10);
    (void)snprintf(text, sizeof text, "7");
    series_add(table, 0, values, 1);
    assert_int_equal(has(table, "first_total{a=\"7\",b=\"y\"} 2\n"), 0);
    assert_int_equal(series_lost(table), 10);
    series_free(table);
}

static int leave(void **state)
{
    (void)state;
    buf_done(&page);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_counters), cmocka_unit_test(test_histogram),
                                       cmocka_unit_test(test_sums_and_quantiles),
                                       cmocka_unit_test(test_full_table)};
    return cmocka_run_group_tests(tests, NULL, leave);
}
