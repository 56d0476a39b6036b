/* Who may call from a page: the Fetch standard's CORS protocol as a table. */
#include "gateway/door/cors.h"

#include "tests/unit.h"

#include <string.h>

#define EXPOSED                                                                                              \
    "Access-Control-Expose-Headers: Idempotency-Replayed, Link, Location, Preference-Applied, RateLimit, "   \
    "RateLimit-Policy, "                                                                                     \
    "Retry-After, "                                                                                          \
    "WWW-Authenticate, X-Request-Id, traceparent\n"
#define PREFLIGHT                                                                                            \
    "Access-Control-Allow-Methods: DELETE, GET\n"                                                            \
    "Access-Control-Allow-Headers: Authorization, Content-Type, Countersign-Subject, Idempotency-Key, "      \
    "Prefer, "                                                                                               \
    "X-Request-Id, baggage, traceparent, tracestate\nAccess-Control-Max-Age: 600\n"
#define VARY    "Vary: Origin\n"
#define ALLOWED "Access-Control-Allow-Origin: https://console.example.com\n"
#define ORIGIN  "https://console.example.com"

/* browsers.origins: [https://console.example.com, http://localhost:3000] */
static const struct {
    const char *method;
    const char *origin; /* NULL: no such field */
    bool asks;          /* Access-Control-Request-Method is there */
    bool answered;      /* without a token */
    const char *fields;
} rows[] = {
    {"GET", NULL, false, false, VARY},
    {"GET", ORIGIN, false, false, VARY ALLOWED EXPOSED},
    {"DELETE", ORIGIN, false, false, VARY ALLOWED EXPOSED},
    {"DELETE", ORIGIN, true, false, VARY ALLOWED EXPOSED},
    {"OPTIONS", ORIGIN, true, true, VARY ALLOWED PREFLIGHT},
    {"OPTIONS", "http://localhost:3000", true, true,
     VARY "Access-Control-Allow-Origin: http://localhost:3000\n" PREFLIGHT},
    {"OPTIONS", ORIGIN, false, false, VARY ALLOWED EXPOSED},
    {"OPTIONS", NULL, true, false, VARY},
    {"options", ORIGIN, true, false, VARY ALLOWED EXPOSED},
    {"OPTIONS", "https://evil.example", true, false, VARY},
    {"OPTIONS", "null", true, false, VARY},
    {"OPTIONS", "*", true, false, VARY},
    {"OPTIONS", "", true, false, VARY},
    {"OPTIONS", "http://console.example.com", true, false, VARY},
    {"OPTIONS", "https://console.example.com:443", true, false, VARY},
    {"OPTIONS", "https://console.example.com:8443", true, false, VARY},
    {"OPTIONS", "https://console.example.com/", true, false, VARY},
    {"OPTIONS", "https://console.example.com.evil.example", true, false, VARY},
    {"OPTIONS", "https://evil-console.example.com", true, false, VARY},
    {"OPTIONS", "https://console.example.co", true, false, VARY},
    {"OPTIONS", "HTTPS://CONSOLE.EXAMPLE.COM", true, false, VARY},
    {"OPTIONS", "https://console.example.com https://evil.example", true, false, VARY},
    {"GET", "https://evil.example", false, false, VARY},
    {"GET", "null", false, false, VARY},
};

static struct config_route routes[] = {{.method = "DELETE"}, {.method = "GET"}, {.method = "DELETE"}};
static const char *origins[] = {"https://console.example.com", "http://localhost:3000"};

/* What a request gets when `count` origins are configured; CR is left out. */
static bool ask(size_t row, size_t count, struct buf *fields)
{
    const struct config config = {
        .browsers = {.origins = {origins, count}}, .routes = routes, .route_count = COUNT(routes)};
    struct request_head head = {.method = rows[row].method};
    struct exchange x = {.config = &config, .head = &head};
    struct buf lines;
    if (rows[row].origin != NULL)
        head.fields[head.field_count++] = (struct request_field){"Origin", rows[row].origin};
    if (rows[row].asks)
        head.fields[head.field_count++] = (struct request_field){"Access-Control-Request-Method", "DELETE"};
    assert_int_equal(cors_answer(&x), PROBLEM_NONE);
    buf_init(&lines, 4096);
    cors_put_fields(&lines, &x);
    for (const char *c = buf_text(&lines); *c != '\0'; c++)
        if (*c != '\r')
            buf_put_char(fields, *c);
    buf_done(&lines);
    assert_true(x.own.status == 0 || x.own.status == 204);
    return x.own.status == 204;
}

static void table(void **state)
{
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf fields;
        const char *name = rows[i].origin == NULL ? "no Origin" : rows[i].origin;
        buf_init(&fields, 4096);
        wrong += unit_wrong(name, ask(i, COUNT(origins), &fields) == rows[i].answered);
        wrong += unit_differs(name, rows[i].fields, buf_text(&fields));
        assert_null(strstr(buf_text(&fields), "Credentials"));
        buf_done(&fields);
    }
    assert_int_equal(wrong, 0);
}

static void nobody_when_none_is_configured(void **state)
{
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf fields;
        buf_init(&fields, 4096);
        wrong += unit_wrong("not configured", !ask(i, 0, &fields));
        wrong += unit_differs("not configured", "", buf_text(&fields));
        buf_done(&fields);
    }
    assert_int_equal(wrong, 0);
}

/* What CivetWeb refused before there was an exchange: no configuration, no method. */
static void unreadable(void **state)
{
    static const struct config no_origins;
    const struct request_head head = {0};
    struct exchange x = {.config = &no_origins, .head = &head};
    struct buf fields;
    (void)state;
    buf_init(&fields, 64);
    cors_put_fields(&fields, &x);
    assert_string_equal(buf_text(&fields), "");
    buf_done(&fields);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(table),
                                       cmocka_unit_test(nobody_when_none_is_configured),
                                       cmocka_unit_test(unreadable)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
