#include "base/time/timestamp.h"

#include "tests/unit.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* Seconds by `date -u -d TEXT +%s`. */
static const struct {
    const char *text;
    int64_t seconds;
} good[] = {
    {"1970-01-01", 0},
    {"1970-01-01T00:00:00Z", 0},
    {"2027-05-31", 1811721600},
    {"2026-11-24T12:00:00Z", 1795521600},
    {"2016-06-05T22:49:28Z", 1465166968},
    {"2016-06-06T12:02:48+13:14", 1465166928},
    {"2000-02-29", 951782400},
    {"2024-02-29T23:59:59Z", 1709251199},
    {"2400-02-29", 13574563200},
    {"2038-01-19T03:14:08Z", 2147483648},
    {"9999-12-31T23:59:59Z", 253402300799},
    {"2026-01-01T00:00:00+08:00", 1767196800},
    {"2025-12-31T16:00:00Z", 1767196800},
    {"2026-01-01T00:00:00-11:30", 1767267000},
    {"2026-01-01T00:00:00-00:00", 1767225600},
    {"1996-12-19T16:39:57-08:00", 851042397}, /* RFC 3339 section 5.8 */
    {"1970-01-01T00:00:00+01:00", -3600},
    {"2026-11-24T12:00:00.123Z", 1795521600}, /* as our own log and JavaScript's toISOString() write it */
    {"2026-11-24t12:00:00z", 1795521600},     /* RFC 3339 section 5.6: "may alternatively be lower case" */
    {"1985-04-12T23:20:50.52Z", 482196050},   /* RFC 3339 section 5.8 */
    {"2026-11-24T12:00:00.000000001+00:00", 1795521600},
};

static const char *const bad[] = {
    "",
    "2026",
    "2026-11",
    "2026-11-2",
    "2026-11-24 ",
    " 2026-11-24",
    "26-11-24",
    "2026-1-24",
    "02026-11-24",
    "2026/11/24",
    "20261124",
    "2026-11-24T",
    "2026-11-24T12",
    "2026-11-24T12:00",
    "2026-11-24T12:00Z",
    "2026-11-24T12:00:00",
    "2026-11-24 12:00:00Z",
    "2026-11-24T12:00:00Zx",
    "2026-11-24T12:00:00.Z",
    "2026-11-24T12:00:00,5Z",
    "2026-11-24T12:00:00.5",
    "2026-11-24T12:00:00.5.5Z",
    "2026-11-24T12:00:00.-5Z",
    "2026-11-24T12:00:00+8:00",
    "2026-11-24T12:00:00+0800",
    "2026-11-24T12:00:00+08",
    "2026-11-24T12:00:00+24:00",
    "2026-11-24T12:00:00+08:60",
    "2026-11-24T12:00:00+08:00Z",
    "2026-11-24T24:00:00Z",
    "2026-11-24T12:60:00Z",
    "2026-11-24T12:00:61Z",
    "2026-11-24T-1:00:00Z",
    "2026-00-24",
    "2026-13-01",
    "2026-11-00",
    "2026-11-31",
    "2026-02-29",
    "2100-02-29",
    "2023-02-30",
    "1969-12-31",
    "0000-01-01",
    "-026-11-24",
    "2026-11-2\xB2",
    "tomorrow",
    "1811721600",
};

static void good_table(void **state)
{
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        int64_t seconds = 42;
        wrong +=
            unit_wrong(good[i].text, timestamp_parse(good[i].text, &seconds) && seconds == good[i].seconds);
    }
    assert_int_equal(wrong, 0);
}

static void bad_table(void **state)
{
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        int64_t seconds = 42;
        wrong += unit_wrong(bad[i], !timestamp_parse(bad[i], &seconds) && seconds == 42);
    }
    assert_int_equal(wrong, 0);
}

static void cut_anywhere_is_no_time(void **state)
{
    const char text[] = "2026-11-24T12:00:00+08:00";
    int wrong = 0;
    (void)state;
    for (size_t length = 0; length < sizeof text - 1; length++) {
        char part[sizeof text];
        int64_t seconds;
        (void)snprintf(part, sizeof part, "%.*s", (int)length, text);
        wrong += unit_wrong(part, timestamp_parse(part, &seconds) == (length == strlen("2026-11-24")));
    }
    assert_int_equal(wrong, 0);
}

static int days_of(int month, int year)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

/* The calendar counted day by day, against both directions. */
static void every_day_of_five_centuries(void **state)
{
    int64_t expected = 0;
    (void)state;
    for (int year = 1970; year < 2470; year++)
        for (int month = 1; month <= 12; month++)
            for (int day = 1; day <= 31; day++) {
                char text[64];
                char formatted[TIMESTAMP_SIZE];
                int64_t seconds = -1;
                (void)snprintf(text, sizeof text, "%04d-%02d-%02d", year, month, day);
                bool exists = day <= days_of(month, year);
                if (timestamp_parse(text, &seconds) != exists || (exists && seconds != expected))
                    fail_msg("%s", text);
                if (!exists)
                    continue;
                timestamp_format(expected * 1000 + 7, formatted);
                (void)snprintf(text, sizeof text, "%04d-%02d-%02dT00:00:00.007Z", year, month, day);
                assert_string_equal(formatted, text);
                expected += 24 * 60 * 60;
            }
}

static void format_table(void **state)
{
    static const struct {
        int64_t millis;
        const char *text;
    } rows[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {1, "1970-01-01T00:00:00.001Z"},
        {1795521600999, "2026-11-24T12:00:00.999Z"},
        {253402300799999, "9999-12-31T23:59:59.999Z"},
        {253402300800000, "9999-12-31T23:59:59.999Z"},
        {INT64_MAX, "9999-12-31T23:59:59.999Z"},
        {-1, "1970-01-01T00:00:00.000Z"},
        {INT64_MIN, "1970-01-01T00:00:00.000Z"},
    };
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[TIMESTAMP_SIZE];
        timestamp_format(rows[i].millis, text);
        wrong += unit_differs(rows[i].text, rows[i].text, text);
    }
    assert_int_equal(wrong, 0);
}

static void http_dates(void **state)
{
    static const struct {
        const char *text;
        int64_t seconds; /* -1: not an IMF-fixdate */
    } rows[] = {
        {"Sun, 06 Nov 1994 08:49:37 GMT", 784111777}, /* RFC 9110 section 5.6.7 */
        {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
        {"Tue, 29 Feb 2000 12:30:45 GMT", 951827445},
        {"Tue, 24 Nov 2026 12:00:00 GMT", 1795521600},
        {"Fri, 31 Dec 9999 23:59:59 GMT", 253402300799},
        {"Sunday, 06-Nov-94 08:49:37 GMT", -1}, /* the obsolete forms */
        {"Sun Nov  6 08:49:37 1994", -1},
        {"Sun, 6 Nov 1994 08:49:37 GMT", -1},
        {"Sun, 06 Nov 1994 08:49:37 UTC", -1},
        {"Sun, 06 Nov 1994 08:49:37 gmt", -1},
        {"Sun, 06 Nov 1994 08:49:37 +000", -1},
        {"Sun, 06 nov 1994 08:49:37 GMT", -1},
        {"Sun, 06 anF 1994 08:49:37 GMT", -1},
        {"Sun, 31 Nov 1994 08:49:37 GMT", -1},
        {"Wed, 29 Feb 1995 08:49:37 GMT", -1},
        {"Sun, 00 Nov 1994 08:49:37 GMT", -1},
        {"Sun, 06 Nov 1994 24:49:37 GMT", -1},
        {"Sun, 06 Nov 1994 08:60:37 GMT", -1},
        {"Sun, 06 Nov 1994 08:49:37 GMT ", -1},
        {" Sun, 06 Nov 1994 08:49:37 GMT", -1},
        {"Wed, 31 Dec 1969 23:59:59 GMT", -1},
        {"Xyz, 06 Nov 1994 08:49:37 GMT", -1},
        {"", -1},
    };
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t seconds = -1;
        bool parsed = timestamp_parse_http(rows[i].text, &seconds);
        wrong += unit_wrong(rows[i].text, parsed == (rows[i].seconds >= 0) && seconds == rows[i].seconds);
    }
    assert_int_equal(wrong, 0);
}

/* The C library, in the C locale, says the same: some day and second of each of 8,000 years, and every day of
 * a leap year. */
static void http_dates_are_the_librarys(void **state)
{
    (void)state;
    for (int64_t i = 0; i < 8000 + 366; i++) {
        int64_t seconds = i < 8000 ? i * 31560983 : 1704067200 + (i - 8000) * 86400;
        char got[TIMESTAMP_HTTP_SIZE];
        char expected[64];
        time_t time = (time_t)seconds;
        struct tm tm;
        int64_t back = 0;
        assert_non_null(gmtime_r(&time, &tm));
        assert_true(strftime(expected, sizeof expected, "%a, %d %b %Y %H:%M:%S GMT", &tm) > 0);
        timestamp_format_http(seconds * 1000 + 999, got);
        assert_string_equal(got, expected);
        assert_true(timestamp_parse_http(got, &back) && back == seconds);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_table),
        cmocka_unit_test(bad_table),
        cmocka_unit_test(cut_anywhere_is_no_time),
        cmocka_unit_test(every_day_of_five_centuries),
        cmocka_unit_test(format_table),
        cmocka_unit_test(http_dates),
        cmocka_unit_test(http_dates_are_the_librarys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
