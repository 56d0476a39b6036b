/* The beginning of responses, as bytes: RFC 9112 section 4, RFC 9110 sections 6.6.1 and 8.6, W3C Trace
 * Context 4.3, RFC 9457. */
#include "gateway/http/response_head.h"

#include "base/json/json.h"
#include "tests/unit.h"

#include <string.h>

/* RFC 9110's own example of a date, section 5.6.7. */
static const int64_t rfc_date = INT64_C(784111777000);

static const struct trace sampled = {
    .id = "4bf92f3577b34da6a3ce929d0e0e4736", .span = "00f067aa0ba902b7", .sampled = true};
static const struct trace unsampled = {.id = "4bf92f3577b34da6a3ce929d0e0e4736", .span = "00f067aa0ba902b7"};
static const struct trace none = {.id = ""};

#define DATE   "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
#define SAFELY "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"

static void heads(void **state)
{
    static const struct {
        const char *name;
        struct response_head head;
        const char *text;
    } rows[] = {
        {"a whole one",
         {.status = 200,
          .date_ms = rfc_date,
          .type = "application/json",
          .length = 12,
          .request_id = "r-1",
          .trace = &sampled},
         "HTTP/1.1 200 OK\r\n" DATE
         "Content-Type: application/json\r\nContent-Length: 12\r\nX-Request-Id: r-1\r\n"
         "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n" SAFELY},
        {"not sampled",
         {.status = 404,
          .date_ms = rfc_date,
          .type = RESPONSE_HEAD_PROBLEM_TYPE,
          .length = 3,
          .trace = &unsampled},
         "HTTP/1.1 404 Not Found\r\n" DATE "Content-Type: application/problem+json\r\nContent-Length: 3\r\n"
         "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00\r\n" SAFELY},
        {"no trace yet",
         {.status = 400, .date_ms = rfc_date, .type = "text/html", .trace = &none},
         "HTTP/1.1 400 Bad Request\r\n" DATE "Content-Type: text/html\r\nContent-Length: 0\r\n" SAFELY},
        {"no content",
         {.status = 204, .date_ms = rfc_date, .request_id = "r-1"},
         "HTTP/1.1 204 No Content\r\n" DATE "X-Request-Id: r-1\r\n" SAFELY},
        {"none, and no 204",
         {.status = 202, .date_ms = rfc_date},
         "HTTP/1.1 202 Accepted\r\n" DATE "Content-Length: 0\r\n" SAFELY},
    };
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf out;
        buf_init(&out, 4096);
        response_head_put(&out, &rows[i].head);
        wrong += unit_differs(rows[i].name, rows[i].text, buf_text(&out));
        buf_done(&out);
    }
    assert_int_equal(wrong, 0);
}

static void problems(void **state)
{
    struct buf body;
    (void)state;
    buf_init(&body, 4096);
    json_open(&body);
    response_head_put_problem(&body, NULL, problem_kind(PROBLEM_BUSY), 200, "all \"8\" are taken", "r-1",
                              true);
    json_member(&body, "rule", "a");
    json_close(&body);
    const char *const expected[] = {
        "{\"type\":\"urn:countersign:problem:busy\",\"title\":\"",
        "\",\"status\":200,\"detail\":\"all \\\"8\\\" are taken\",\"requestId\":\"r-1\","
        "\"retryable\":true,\"rule\":\"a\"}"};
    const char *text = buf_text(&body);
    assert_int_equal(strncmp(text, expected[0], strlen(expected[0])), 0);
    assert_string_equal(strstr(text, expected[1]), expected[1]);
    buf_done(&body);
}

/* None is cut. */
static void every_type_is_whole(void **state)
{
    (void)state;
    for (int i = PROBLEM_NONE + 1; i <= PROBLEM_INTERNAL; i++) {
        struct buf body;
        const struct problem_kind *kind = problem_kind((enum problem)i);
        buf_init(&body, 4096);
        json_open(&body);
        response_head_put_problem(&body, NULL, kind, kind->status, NULL, NULL, kind->retryable);
        json_close(&body);
        const char *at = strstr(buf_text(&body), kind->name);
        assert_non_null(at);
        assert_int_equal(strncmp(at + strlen(kind->name), "\",", 2), 0);
        assert_null(strstr(buf_text(&body), "detail"));
        buf_done(&body);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heads),
        cmocka_unit_test(problems),
        cmocka_unit_test(every_type_is_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
