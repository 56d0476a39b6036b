#include "config/reader/report.h"

#include "tests/unit.h"

#include <stdio.h>
#include <string.h>

static void a_finding_is_a_line_with_its_place(void **state)
{
    struct report report;
    const struct mark mark = {"countersign.yaml", 41, 5};
    const struct mark file = {"countersign.yaml", 0, 0};
    (void)state;
    report_init(&report);
    assert_int_equal(report_error(&report, &mark, "upstream has no key '%s'", "timout"), -1);
    assert_int_equal(report_error(&report, &file, "the file is empty"), -1);
    assert_int_equal(report_error(&report, NULL, "out of memory"), -1);
    report_find(&report,
                &(struct report_kind){
                    .severity = REPORT_SUGGESTION, .mark = &mark, .advice = "take it out", .owner = "net"},
                "no rule uses the set '%s'", "staging");
    report_find(&report, &(struct report_kind){.severity = REPORT_SECURITY, .note = "a \"note\""},
                "it is open");
    assert_string_equal(buf_text(&report.errors), "countersign.yaml:41:5: upstream has no key 'timout'\n"
                                                  "countersign.yaml: the file is empty\n"
                                                  "out of memory\n");
    assert_string_equal(buf_text(&report.warnings),
                        "countersign.yaml:41:5: suggestion: no rule uses the set 'staging' (take it out) "
                        "[owner: net]\nsecurity warning: it is open [note: a \"note\"]\n");
    assert_string_equal(
        buf_text(&report.json),
        "{\"severity\":\"error\",\"file\":\"countersign.yaml\",\"line\":41,\"column\":5,"
        "\"text\":\"upstream has no key 'timout'\"},"
        "{\"severity\":\"error\",\"file\":\"countersign.yaml\",\"text\":\"the file is empty\"},"
        "{\"severity\":\"error\",\"text\":\"out of memory\"},"
        "{\"severity\":\"suggestion\",\"file\":\"countersign.yaml\",\"line\":41,\"column\":5,"
        "\"text\":\"no rule uses the set 'staging'\",\"advice\":\"take it out\",\"owner\":\"net\"},"
        "{\"severity\":\"security warning\",\"text\":\"it is open\",\"note\":\"a \\\"note\\\"\"}");
    assert_int_equal(report.error_count, 3);
    assert_int_equal(report.warning_count, 2);
    report_done(&report);
}

/* What was quoted from a file can neither start a line nor steer a terminal. */
static void a_line_stays_a_line(void **state)
{
    struct report report;
    (void)state;
    report_init(&report);
    report_error(&report, NULL, "%s", "a\nb\rc\x1B[31m\x7F\td\xC3\xA9");
    assert_string_equal(buf_text(&report.errors), "a?b?c?[31m??d\xC3\xA9\n");
    report_done(&report);
}

static size_t count_lines(const char *text)
{
    size_t lines = 0;
    for (; *text != '\0'; text++)
        lines += *text == '\n';
    return lines;
}

static void findings_are_bounded(void **state)
{
    struct report report;
    const struct mark mark = {"policy.yaml", 1, 1};
    char text[400];
    (void)state;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    report_init(&report);
    for (int i = 0; i < 1000; i++) {
        report_error(&report, &mark, "%s", text);
        report_find(&report, &(struct report_kind){.severity = REPORT_SECURITY, .mark = &mark}, "%s", text);
    }
    assert_int_equal(report.error_count, 1000);
    assert_int_equal(count_lines(buf_text(&report.errors)), REPORT_ERRORS_MAX + 1);
    assert_non_null(strstr(buf_text(&report.errors), "\n... and more\n"));
    assert_int_equal(count_lines(buf_text(&report.warnings)), REPORT_ERRORS_MAX);
    assert_false(report.errors.failed);
    assert_false(report.warnings.failed);
    assert_false(report.json.failed);
    report_done(&report);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_finding_is_a_line_with_its_place),
        cmocka_unit_test(a_line_stays_a_line),
        cmocka_unit_test(findings_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
