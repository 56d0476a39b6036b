/* The text format of Prometheus 0.0.4: its own examples (prometheus.io, "Exposition formats") among them. */
#include "gateway/metrics/metrics_text.h"

#include "tests/unit.h"

#include <string.h>

static const struct {
    const char *text;
    const char *name; /* NULL: there is no sample in it */
    const char *label;
    const char *value; /* of the label; NULL: it has none */
    double number;
} rows[] = {
    {.text = ""},
    {.text = "\n\n"},
    {.text = "# HELP http_requests_total The total number of HTTP requests.\n"},
    {.text = "metric_without_timestamp_and_labels 12.47\n",
     .name = "metric_without_timestamp_and_labels",
     .label = "le",
     .number = 12.47},
    {.text = "http_requests_total{method=\"post\",code=\"200\"} 1027 1395066363000\n",
     .name = "http_requests_total",
     .label = "code",
     .value = "200",
     .number = 1027},
    {.text = "msdos_file_access_time_seconds{path=\"C:\\\\DIR\\\\FILE.TXT\",error=\"Cannot find "
             "file:\\n\\\"FILE.TXT\\\"\"} 1.458255915e9\n",
     .name = "msdos_file_access_time_seconds",
     .label = "error",
     .value = "Cannot find file:\n\"FILE.TXT\"",
     .number = 1458255915},
    {.text = "a{client=\"x} 5\"} 3", .name = "a", .label = "client", .value = "x} 5", .number = 3},
    {.text = "a{client=\"x,b=\\\"y\\\"\",b=\"z\"} 3\n", .name = "a", .label = "b", .value = "z", .number = 3},
    {.text = "a{client=\"\"} 3\n", .name = "a", .label = "client", .value = "", .number = 3},
    {.text = "a{client=\"cut"},
    {.text = "a{client=\"cut\"\nb 1\n", .name = "b", .label = "client", .number = 1},
    {.text = "a{b=\"\\"},
    {.text = "a{} nothing\n"},
    {.text = " 1\n"},
    {.text = "a\n"},
};

static void each_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *at = rows[i].text;
        struct metrics_text_sample sample;
        char value[64];
        bool found = metrics_text_next(&at, &sample);
        assert_int_equal(found, rows[i].name != NULL);
        if (!found)
            continue;
        assert_true(metrics_text_is(&sample, rows[i].name));
        assert_true(!metrics_text_is(&sample, "countersign"));
        assert_true(sample.value == rows[i].number);
        assert_int_equal(metrics_text_label(&sample, rows[i].label, value, sizeof value),
                         rows[i].value != NULL);
        assert_string_equal(value, rows[i].value == NULL ? "" : rows[i].value);
        assert_true(!metrics_text_next(&at, &sample));
    }
}

static void a_value_is_cut(void **state)
{
    (void)state;
    const char *at = "a{client=\"0123456789\",b=\"c\"} 1\n";
    struct metrics_text_sample sample;
    char value[4];
    assert_true(metrics_text_next(&at, &sample));
    assert_true(metrics_text_label(&sample, "client", value, sizeof value));
    assert_string_equal(value, "012");
    assert_true(metrics_text_label(&sample, "b", value, sizeof value));
    assert_string_equal(value, "c");
}

static void sums(void **state)
{
    (void)state;
    static const char text[] = "a{b=\"x\"} 1\na{b=\"y\"} 2\nab{b=\"x\"} 4\na 8\n";
    assert_true(metrics_text_sum(text, "a", NULL, NULL) == 11);
    assert_true(metrics_text_sum(text, "a", "b", "x") == 1);
    assert_true(metrics_text_sum(text, "a", "c", "x") == 0);
    assert_true(metrics_text_sum("", "a", NULL, NULL) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_row), cmocka_unit_test(a_value_is_cut),
                                       cmocka_unit_test(sums)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
