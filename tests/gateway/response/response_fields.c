/* The header of an upstream's answer, line by line.  Dates and forms are those of RFC 9110 and RFC 9112. */
#include "gateway/response/response_fields.h"

#include "tests/unit.h"

#include <string.h>

/* RFC 9110 section 5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT" */
#define THEN   INT64_C(784111777)
#define DATE   "Date: Sun, 06 Nov 1994 08:49:37 GMT"
#define LENGTH "Content-Length: 2"

static const struct {
    const char *name, *lines[4];
    bool has_date;
    int64_t retry_after;
    bool ambiguous;
} rows[] = {
    {"as usual", {"Server: nginx", DATE, LENGTH}, true, 0, false},
    {"any case, blanks",
     {"dAtE:\t Sun, 06 Nov 1994 08:49:37 GMT \t", "TRANSFER-ENCODING:chunked"},
     true,
     0,
     false},
    {"no date", {LENGTH}, false, 0, false},
    {"a broken date", {"Date: yesterday", LENGTH}, false, 0, false},
    {"an endless date",
     {"Date: Sun, 06 Nov 1994 08:49:37 GMT                                                  !", LENGTH},
     false,
     0,
     false},
    {"another field whose name begins so", {"Dated: Sun, 06 Nov 1994 08:49:37 GMT", LENGTH}, false, 0, false},
    {"no value", {"Date:", "Retry-After:", LENGTH}, false, 0, false},
    {"seconds", {"Retry-After: 120", LENGTH}, false, 120, false},
    {"zero", {"Retry-After: 0", LENGTH}, false, 0, false},
    {"more than is believed",
     {"Retry-After: 86400", LENGTH},
     false,
     RESPONSE_FIELDS_RETRY_AFTER_MAX_S,
     false},
    {"more than a number",
     {"Retry-After: 99999999999999999999999", LENGTH},
     false,
     RESPONSE_FIELDS_RETRY_AFTER_MAX_S,
     false},
    {"negative", {"Retry-After: -1", LENGTH}, false, 0, false},
    {"a fraction", {"Retry-After: 1.5", LENGTH}, false, 0, false},
    {"a date, before the answer's own",
     {"Retry-After: Sun, 06 Nov 1994 08:50:37 GMT", DATE, LENGTH},
     true,
     60,
     false},
    {"a date of the past", {DATE, "Retry-After: Sun, 06 Nov 1994 08:49:36 GMT", LENGTH}, true, 0, false},
    {"a date, and none to compare it with",
     {"Retry-After: Sun, 06 Nov 1994 08:50:37 GMT", LENGTH},
     false,
     0,
     false},
    {"two lengths", {LENGTH, LENGTH}, false, 0, true},
    {"a length and chunks", {LENGTH, "Transfer-Encoding: chunked"}, false, 0, true},
    {"neither", {"Content-Type: text/plain"}, false, 0, true},
};

static void table(void **state)
{
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct response_fields fields = {0};
        for (size_t j = 0; j < COUNT(rows[i].lines) && rows[i].lines[j] != NULL; j++)
            wrong += unit_wrong(rows[i].name,
                                response_fields_read(&fields, rows[i].lines[j], strlen(rows[i].lines[j])));
        wrong += unit_wrong(rows[i].name, fields.has_date == rows[i].has_date);
        wrong += unit_wrong(rows[i].name, !fields.has_date || fields.date == THEN);
        wrong += unit_wrong(rows[i].name, response_fields_retry_after(&fields) == rows[i].retry_after);
        wrong += unit_wrong(rows[i].name, response_fields_ambiguous(&fields) == rows[i].ambiguous);
    }
    assert_int_equal(wrong, 0);
}

/* Lines that no answer may have: RFC 9112 sections 5 and 6, RFC 9110 sections 5.6.2 and 8.6. */
static void refused(void **state)
{
    static const char *const lines[] = {"",
                                        "Date",
                                        ": 1",
                                        "Da te: 1",
                                        "Date : 1",
                                        " Date: 1",
                                        "\tDate: 1",
                                        "D\xC3\xA4te: 1",
                                        "Date(x): 1",
                                        "Content-Length:",
                                        "Content-Length: -1",
                                        "Content-Length: +1",
                                        "Content-Length: 0x1",
                                        "Content-Length: 1 1",
                                        "Content-Length: 1, 1",
                                        "Content-Length: 1.0",
                                        "Transfer-Encoding:",
                                        "Transfer-Encoding: gzip",
                                        "Transfer-Encoding: gzip, chunked",
                                        "Transfer-Encoding: chunked;x=1",
                                        "Transfer-Encoding: identity"};
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(lines); i++) {
        struct response_fields fields = {0};
        wrong += unit_wrong(lines[i], !response_fields_read(&fields, lines[i], strlen(lines[i])));
    }
    assert_int_equal(wrong, 0);
}

/* What may be told on: a type and a subtype, each a token (RFC 9110 section 8.3.1). */
static void types(void **state)
{
    static const struct {
        const char *line, *type;
    } table[] = {{"Content-Type: text/html", "text/html"},
                 {"content-type:\t text/html \t; charset=utf-8", "text/html"},
                 {"Content-Type: application/problem+json;a=b", "application/problem+json"},
                 {"Content-Type: text", ""},
                 {"Content-Type: /html", ""},
                 {"Content-Type: text/", ""},
                 {"Content-Type: text/ht ml", ""},
                 {"Content-Type: text/html, text/plain", ""},
                 {"Content-Type: text/h\xC3\xA4", ""},
                 {"Content-Type: text/\"<b>\"", ""},
                 {"Content-Type: text/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", ""},
                 {"Content-Type:", ""},
                 {"Content-Types: text/html", ""}};
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct response_fields fields = {0};
        wrong +=
            unit_wrong(table[i].line, response_fields_read(&fields, table[i].line, strlen(table[i].line)));
        wrong += unit_differs(table[i].line, table[i].type, fields.type);
    }
    assert_int_equal(wrong, 0);
}

static void lengths(void **state)
{
    struct response_fields fields = {0};
    (void)state;
    assert_true(response_fields_read(&fields, "content-LENGTH:\t 0017 ", 22));
    assert_true(fields.has_length && fields.length == 17);
    assert_true(response_fields_read(&fields, "Content-Length: 17", 18)); /* says the same */
    assert_false(response_fields_read(&fields, "Content-Length: 18", 18));
    fields = (struct response_fields){0};
    assert_true(response_fields_read(&fields, "Content-Length: 99999999999999999999999999", 42));
    assert_int_equal(fields.length, RESPONSE_FIELDS_LENGTH_MAX + 1);
}

static void connection(void **state)
{
    static const struct {
        const char *line;
        bool closes;
    } table[] = {{"Connection: close", true},
                 {"connection:CLOSE", true},
                 {"Connection: keep-alive", false},
                 {"Connection: Upgrade , close ,x", true},
                 {"Connection: closed", false},
                 {"Connection: x-close", false},
                 {"Connection:", false},
                 {"Connection: ,,", false},
                 {"Proxy-Connection: close", false}};
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct response_fields fields = {0};
        bool read = response_fields_read(&fields, table[i].line, strlen(table[i].line));
        wrong += unit_wrong(table[i].line, read && fields.closes == table[i].closes);
    }
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(table), cmocka_unit_test(refused),
                                       cmocka_unit_test(types), cmocka_unit_test(lengths),
                                       cmocka_unit_test(connection)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
