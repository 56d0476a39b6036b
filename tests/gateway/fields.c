/* The header of an upstream's answer, line by line.  Dates and forms are those of RFC 9110 and RFC 9112. */
#include "gateway/fields.h"

#include "tests/unit.h"

#include <string.h>

/* RFC 9110 section 5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT" */
#define THEN   INT64_C(784111777)
#define DATE   "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
#define LENGTH "Content-Length: 2\r\n"

static const struct {
    const char *name, *lines[4];
    bool has_date;
    int64_t retry_after;
    bool ambiguous;
} rows[] = {
    {"as usual", {"HTTP/1.1 200 OK\r\n", DATE, LENGTH}, true, 0, false},
    {"any case, blanks, no CRLF",
     {"dAtE:\t Sun, 06 Nov 1994 08:49:37 GMT \t", "TRANSFER-ENCODING:chunked"},
     true,
     0,
     false},
    {"no date", {LENGTH}, false, 0, false},
    {"a broken date", {"Date: yesterday\r\n", LENGTH}, false, 0, false},
    {"an endless date",
     {"Date: Sun, 06 Nov 1994 08:49:37 GMT                                                  !\r\n", LENGTH},
     false,
     0,
     false},
    {"another field whose name begins so",
     {"Dated: Sun, 06 Nov 1994 08:49:37 GMT\r\n", LENGTH},
     false,
     0,
     false},
    {"no value", {"Date:\r\n", "Retry-After:\r\n", "Content-Length:\r\n"}, false, 0, false},
    {"only a name", {"Date", LENGTH}, false, 0, false},
    {"seconds", {"Retry-After: 120\r\n", LENGTH}, false, 120, false},
    {"zero", {"Retry-After: 0\r\n", LENGTH}, false, 0, false},
    {"more than is believed", {"Retry-After: 86400\r\n", LENGTH}, false, FIELDS_RETRY_AFTER_MAX_S, false},
    {"more than a number",
     {"Retry-After: 99999999999999999999999\r\n", LENGTH},
     false,
     FIELDS_RETRY_AFTER_MAX_S,
     false},
    {"negative", {"Retry-After: -1\r\n", LENGTH}, false, 0, false},
    {"a fraction", {"Retry-After: 1.5\r\n", LENGTH}, false, 0, false},
    {"a date, before the answer's own",
     {"Retry-After: Sun, 06 Nov 1994 08:50:37 GMT\r\n", DATE, LENGTH},
     true,
     60,
     false},
    {"a date of the past", {DATE, "Retry-After: Sun, 06 Nov 1994 08:49:36 GMT\r\n", LENGTH}, true, 0, false},
    {"a date, and none to compare it with",
     {"Retry-After: Sun, 06 Nov 1994 08:50:37 GMT\r\n", LENGTH},
     false,
     0,
     false},
    {"two lengths", {LENGTH, "Content-Length: 3\r\n"}, false, 0, true},
    {"a length and chunks", {LENGTH, "Transfer-Encoding: chunked\r\n"}, false, 0, true},
    {"neither", {"Content-Type: text/plain\r\n"}, false, 0, true},
};

static void table(void **state)
{
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct fields fields = {0};
        for (size_t j = 0; j < COUNT(rows[i].lines) && rows[i].lines[j] != NULL; j++)
            wrong +=
                unit_wrong(rows[i].name, fields_read(&fields, rows[i].lines[j], strlen(rows[i].lines[j])));
        wrong += unit_wrong(rows[i].name, fields.has_date == rows[i].has_date);
        wrong += unit_wrong(rows[i].name, !fields.has_date || fields.date == THEN);
        wrong += unit_wrong(rows[i].name, fields_retry_after(&fields) == rows[i].retry_after);
        wrong += unit_wrong(rows[i].name, fields_ambiguous(&fields) == rows[i].ambiguous);
    }
    assert_int_equal(wrong, 0);
}

/* However short the lines are: the sum is bounded. */
static void endless(void **state)
{
    struct fields fields = {0};
    size_t lines = 0;
    (void)state;
    while (fields_read(&fields, "HTTP/1.1 100 Continue\r\n", 23) && lines < FIELDS_MAX)
        lines++;
    assert_int_equal(lines, FIELDS_MAX / 23);
}

/* Only the empty line of the last answer ends a header; trailers come after it. */
static void the_end(void **state)
{
    static const struct {
        const char *lines[6];
        bool ended;
    } ends[] = {
        {{"HTTP/1.1 200 OK\r\n", LENGTH}, false},
        {{"HTTP/1.1 200 OK\r\n", LENGTH, "\r\n"}, true},
        {{"HTTP/1.1 200 OK\n", LENGTH, "\n"}, true},
        {{"HTTP/1.1 100 Continue\r\n", "\r\n", "HTTP/1.1 200 OK\r\n"}, false},
        {{"HTTP/1.1 100 Continue\r\n", "\r\n", "HTTP/1.1 200 OK\r\n", "\r\n"}, true},
        {{"HTTP/1.1 200 OK\r\n", "Transfer-Encoding: chunked\r\n", "\r\n", "X-Trailer: 1\r\n"}, true},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(ends); i++) {
        struct fields fields = {0};
        for (size_t j = 0; j < COUNT(ends[i].lines) && ends[i].lines[j] != NULL; j++)
            assert_true(fields_read(&fields, ends[i].lines[j], strlen(ends[i].lines[j])));
        assert_int_equal(fields.ended, ends[i].ended);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(table), cmocka_unit_test(endless),
                                       cmocka_unit_test(the_end)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
