/* The table of what callers can be told, as the documentation promises it: name, status, Retry-After. */
#include "gateway/http/problem.h"

#include "tests/unit.h"

#include <string.h>

/* clang-format off */
static const struct {
    enum problem problem;
    const char *name;
    int status;
    bool retry_after;
    const char *reason; /* RFC 9110 section 15 */
} rows[] = {
    {PROBLEM_MALFORMED_REQUEST, "malformed-request", 400, false, "Bad Request"},
    {PROBLEM_INVALID_PARAMETER, "invalid-parameter", 400, false, "Bad Request"},
    {PROBLEM_UNAUTHENTICATED, "unauthenticated", 401, false, "Unauthorized"},
    {PROBLEM_TOKEN_EXPIRED, "token-expired", 401, false, "Unauthorized"},
    {PROBLEM_NOT_ALLOWED, "not-allowed", 403, false, "Forbidden"},
    {PROBLEM_NO_SUCH_ROUTE, "no-such-route", 404, false, "Not Found"},
    {PROBLEM_METHOD_NOT_ALLOWED, "method-not-allowed", 405, false, "Method Not Allowed"},
    {PROBLEM_REQUEST_TIMEOUT, "request-timeout", 408, false, "Request Timeout"},
    {PROBLEM_LENGTH_REQUIRED, "length-required", 411, false, "Length Required"},
    {PROBLEM_CONTENT_TOO_LARGE, "content-too-large", 413, false, "Content Too Large"},
    {PROBLEM_NOT_IMPLEMENTED, "not-implemented", 501, false, "Not Implemented"},
    {PROBLEM_TARGET_TOO_LONG, "target-too-long", 414, false, "URI Too Long"},
    {PROBLEM_HEADER_TOO_LARGE, "header-too-large", 431, false, "Request Header Fields Too Large"},
    {PROBLEM_UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", 415, false, "Unsupported Media Type"},
    {PROBLEM_TOO_MANY_REQUESTS, "too-many-requests", 429, true, "Too Many Requests"},
    {PROBLEM_EXPECTATION_FAILED, "expectation-failed", 417, false, "Expectation Failed"},
    {PROBLEM_MISDIRECTED_REQUEST, "misdirected-request", 421, false, "Misdirected Request"},
    {PROBLEM_VERSION_NOT_SUPPORTED, "version-not-supported", 505, false, "HTTP Version Not Supported"},
    {PROBLEM_NOT_FOUND, "not-found", 404, false, "Not Found"},
    {PROBLEM_CONFLICT, "conflict", 409, false, "Conflict"},
    {PROBLEM_UPSTREAM_REJECTED_PARAMETER, "upstream-rejected-parameter", 400, false, "Bad Request"},
    {PROBLEM_UPSTREAM_CREDENTIAL, "upstream-credential", 502, false, "Bad Gateway"},
    {PROBLEM_UPSTREAM_THROTTLED, "upstream-throttled", 429, true, "Too Many Requests"},
    {PROBLEM_UPSTREAM_CLOCK, "upstream-clock", 502, false, "Bad Gateway"},
    {PROBLEM_PARTIAL, "partial", 207, false, "Multi-Status"},
    {PROBLEM_UPSTREAM_FAILED, "upstream-failed", 502, false, "Bad Gateway"},
    {PROBLEM_UPSTREAM_MAINTENANCE, "upstream-maintenance", 503, true, "Service Unavailable"},
    {PROBLEM_UPSTREAM_UNREACHABLE, "upstream-unreachable", 502, false, "Bad Gateway"},
    {PROBLEM_UPSTREAM_TIMEOUT, "upstream-timeout", 504, false, "Gateway Timeout"},
    {PROBLEM_UPSTREAM_UNAVAILABLE, "upstream-unavailable", 503, true, "Service Unavailable"},
    {PROBLEM_UPSTREAM_INVALID_ANSWER, "upstream-invalid-answer", 502, false, "Bad Gateway"},
    {PROBLEM_BUSY, "busy", 503, true, "Service Unavailable"},
    {PROBLEM_UNRECORDED, "unrecorded", 503, true, "Service Unavailable"},
    {PROBLEM_KEY_REQUIRED, "idempotency-key-required", 400, false, "Bad Request"},
    {PROBLEM_KEY_REUSED, "idempotency-key-reused", 422, false, "Unprocessable Content"},
    {PROBLEM_KEY_IN_USE, "idempotency-key-in-use", 409, true, "Conflict"},
    {PROBLEM_STATE_UNAVAILABLE, "state-unavailable", 503, true, "Service Unavailable"},
    {PROBLEM_INTERNAL, "internal", 500, false, "Internal Server Error"},
};
/* clang-format on */

static void as_promised(void **state)
{
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct problem_kind *kind = problem_kind(rows[i].problem);
        wrong += unit_differs(rows[i].name, rows[i].name, kind->name);
        wrong += unit_wrong(rows[i].name, kind->status == rows[i].status);
        wrong += unit_wrong(rows[i].name, (kind->retry_after > 0) == rows[i].retry_after);
        wrong += unit_wrong(rows[i].name, kind->title != NULL && kind->title[0] != '\0');
        wrong += unit_differs(rows[i].name, rows[i].reason, problem_reason(kind->status));
    }
    assert_int_equal(wrong, 0);
}

/* Every kind is in the table above, so that a new one is not forgotten here. */
static void all_of_them(void **state)
{
    (void)state;
    for (int problem = PROBLEM_NONE + 1; problem <= PROBLEM_INTERNAL; problem++) {
        size_t found = 0;
        for (size_t i = 0; i < COUNT(rows); i++)
            found += rows[i].problem == (enum problem)problem;
        assert_int_equal(found, 1);
    }
}

/* Whoever is told when to come again is told that it helps. */
static void retry_after_is_retryable(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct problem_kind *kind = problem_kind(rows[i].problem);
        if (kind->retry_after > 0 || rows[i].status == 504)
            assert_true(kind->retryable);
        if (rows[i].status == 401 || rows[i].status == 403)
            assert_false(kind->retryable);
    }
}

static void reasons(void **state)
{
    (void)state;
    assert_string_equal(problem_reason(200), "OK");
    assert_string_equal(problem_reason(202), "Accepted");
    assert_string_equal(problem_reason(299), "Unknown");
    assert_string_equal(problem_reason(-1), "Unknown");
}

int main(void)
{
    /* clang-format off */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_promised),
        cmocka_unit_test(all_of_them),
        cmocka_unit_test(retry_after_is_retryable),
        cmocka_unit_test(reasons),
    };
    /* clang-format on */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
