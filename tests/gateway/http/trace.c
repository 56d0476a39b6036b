/* traceparent by the table of W3C Trace Context, section 3.2.2, and the cases of its own test suite
 * (github.com/w3c/trace-context, test/test.py). */
#include "gateway/http/trace.h"

#include "tests/unit.h"

#include <string.h>

#define ID     "4bf92f3577b34da6a3ce929d0e0e4736"
#define PARENT "00f067aa0ba902b7"
#define ZEROS  "00000000000000000000000000000000"

static const struct {
    const char *text;
    bool good;
    bool sampled;
} rows[] = {
    {"00-" ID "-" PARENT "-01", true, true},
    {"00-" ID "-" PARENT "-00", true, false},
    {"00-" ID "-" PARENT "-ff", true, true},
    {"00-" ID "-" PARENT "-02", true, false},
    {"01-" ID "-" PARENT "-01", true, true},
    {"cc-" ID "-" PARENT "-01-what-the-future-will-be-like", true, true},
    {"cc-" ID "-" PARENT "-01.what-the-future-will-be-like", false, false},
    {"fe-" ID "-" PARENT "-01-", true, true},
    {"ff-" ID "-" PARENT "-01", false, false},
    {"00-" ID "-" PARENT "-01-", false, false},
    {"00-" ID "-" PARENT "-01-more", false, false},
    {"00-" ID "-" PARENT "-010", false, false},
    {"00-" ID "-" PARENT "-1", false, false},
    {"00-" ID "-" PARENT "-0g", false, false},
    {"00-" ID "-" PARENT "-0A", false, false},
    {"00-" ID "-" PARENT, false, false},
    {"00-" ZEROS "-" PARENT "-01", false, false},
    {"00-" ID "-0000000000000000-01", false, false},
    {"00-4BF92F3577B34DA6A3CE929D0E0E4736-" PARENT "-01", false, false},
    {"00-4bf92f3577b34da6a3ce929d0e0e473-" PARENT "-01", false, false},
    {"00-4bf92f3577b34da6a3ce929d0e0e47360-" PARENT "-01", false, false},
    {"00-.bf92f3577b34da6a3ce929d0e0e4736-" PARENT "-01", false, false},
    {"0-" ID "-" PARENT "-01", false, false},
    {"000-" ID "-" PARENT "-01", false, false},
    {"qw-" ID "-" PARENT "-01", false, false},
    {"00_" ID "-" PARENT "-01", false, false},
    {"00-" ID "." PARENT "-01", false, false},
    {"00-" ID "-" PARENT "_01", false, false},
    {"", false, false},
    {"00", false, false},
    {"\x1b[2J", false, false},
};

static void test_every_form(void **state)
{
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct trace trace = {.sampled = false};
        wrong += unit_wrong(rows[i].text, trace_read(&trace, rows[i].text) == rows[i].good);
        wrong += unit_wrong(rows[i].text, trace.sampled == rows[i].sampled);
        wrong += unit_differs(rows[i].text, rows[i].good ? ID : "", trace.id);
    }
    assert_int_equal(wrong, 0);
}

static bool is_lower_hex(const char *text, size_t length)
{
    return strlen(text) == length && strspn(text, "0123456789abcdef") == length && strspn(text, "0") < length;
}

/* Two of them are none; without one, or with a wrong one, a new trace begins; the span is ours in any
 * case. */
static void test_chosen(void **state)
{
    static const char good[] = "00-" ID "-" PARENT "-01";
    struct request_head head = {.fields = {{"Host", "h"}, {"TraceParent", good}, {"traceparent", good}}};
    struct unique_id ident;
    (void)state;
    assert_int_equal(unique_id_init(&ident), 0);
    for (size_t count = 0; count <= 3; count++) {
        struct trace trace = {.sampled = false};
        head.field_count = count;
        trace_choose(&trace, &head, &ident);
        assert_true(is_lower_hex(trace.id, TRACE_ID_HEX) && is_lower_hex(trace.span, TRACE_SPAN_HEX));
        assert_int_equal(strcmp(trace.id, ID) == 0, count == 2);
        assert_int_equal(trace.sampled, count == 2);
        assert_string_not_equal(trace.span, PARENT);
    }
    head.fields[1].value = "00-" ZEROS "-" PARENT "-01";
    struct trace one = {.sampled = true};
    struct trace two = {.sampled = true};
    head.field_count = 2;
    trace_choose(&one, &head, &ident);
    trace_choose(&two, &head, &ident);
    assert_string_not_equal(one.id, two.id);
    assert_string_not_equal(one.span, two.span);
    assert_false(one.sampled);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_form), cmocka_unit_test(test_chosen)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
