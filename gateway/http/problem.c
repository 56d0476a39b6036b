#include "gateway/http/problem.h"

static const struct problem_kind kinds[] = {
    [PROBLEM_NONE] = {"none", 200, "No problem", false, 0},
    [PROBLEM_MALFORMED_REQUEST] = {"malformed-request", 400, "The request is not well-formed HTTP", false, 0},
    [PROBLEM_INVALID_PARAMETER] = {"invalid-parameter", 400, "A field is missing, unknown or wrong", false,
                                   0},
    [PROBLEM_UNAUTHENTICATED] = {"unauthenticated", 401, "A valid token is needed", false, 0},
    [PROBLEM_TOKEN_EXPIRED] = {"token-expired", 401, "The token has expired", false, 0},
    [PROBLEM_NOT_ALLOWED] = {"not-allowed", 403, "The policy does not allow this call", false, 0},
    [PROBLEM_NO_SUCH_ROUTE] = {"no-such-route", 404, "There is no such route", false, 0},
    [PROBLEM_METHOD_NOT_ALLOWED] = {"method-not-allowed", 405, "This path does not take this method", false,
                                    0},
    [PROBLEM_REQUEST_TIMEOUT] = {"request-timeout", 408, "The request took too long to arrive", true, 0},
    [PROBLEM_LENGTH_REQUIRED] = {"length-required", 411, "A body needs a Content-Length", false, 0},
    [PROBLEM_CONTENT_TOO_LARGE] = {"content-too-large", 413, "The body is too large", false, 0},
    [PROBLEM_TARGET_TOO_LONG] = {"target-too-long", 414, "The request line is too long", false, 0},
    [PROBLEM_UNSUPPORTED_MEDIA_TYPE] = {"unsupported-media-type", 415, "The body must be plain JSON", false,
                                        0},
    [PROBLEM_EXPECTATION_FAILED] = {"expectation-failed", 417, "Only 100-continue can be expected", false, 0},
    [PROBLEM_MISDIRECTED_REQUEST] = {"misdirected-request", 421, "This host name is not served here", false,
                                     0},
    [PROBLEM_HEADER_TOO_LARGE] = {"header-too-large", 431, "The header is too large", false, 0},
    [PROBLEM_NOT_IMPLEMENTED] = {"not-implemented", 501, "The method is none of HTTP's", false, 0},
    [PROBLEM_VERSION_NOT_SUPPORTED] = {"version-not-supported", 505,
                                       "Only HTTP/1.0 and HTTP/1.1 are supported", false, 0},
    [PROBLEM_TOO_MANY_REQUESTS] = {"too-many-requests", 429, "The caller is over its limit", true, 1},
    [PROBLEM_NOT_FOUND] = {"not-found", 404, "The cloud knows no such resource", false, 0},
    [PROBLEM_CONFLICT] = {"conflict", 409, "The resource's state does not allow this", false, 0},
    [PROBLEM_UPSTREAM_REJECTED_PARAMETER] = {"upstream-rejected-parameter", 400,
                                             "The cloud does not take a parameter", false, 0},
    [PROBLEM_UPSTREAM_CREDENTIAL] = {"upstream-credential", 502, "The cloud refused the gateway's credential",
                                     false, 0},
    [PROBLEM_UPSTREAM_THROTTLED] = {"upstream-throttled", 429, "The cloud takes no more calls for now", true,
                                    1},
    [PROBLEM_UPSTREAM_CLOCK] = {"upstream-clock", 502, "The gateway's clock and the cloud's disagree", true,
                                0},
    [PROBLEM_PARTIAL] = {"partial", 207, "Some items succeeded and some failed", false, 0},
    [PROBLEM_UPSTREAM_FAILED] = {"upstream-failed", 502, "The cloud could not do it", false, 0},
    [PROBLEM_UPSTREAM_MAINTENANCE] = {"upstream-maintenance", 503, "The cloud is under maintenance", true,
                                      30},
    [PROBLEM_UPSTREAM_UNREACHABLE] = {"upstream-unreachable", 502, "The cloud could not be reached", true, 0},
    [PROBLEM_UPSTREAM_TIMEOUT] = {"upstream-timeout", 504, "The cloud did not answer in time", true, 0},
    [PROBLEM_UPSTREAM_UNAVAILABLE] = {"upstream-unavailable", 503, "The cloud API is unavailable", true, 1},
    [PROBLEM_UPSTREAM_INVALID_ANSWER] = {"upstream-invalid-answer", 502, "The cloud's answer makes no sense",
                                         true, 0},
    [PROBLEM_BUSY] = {"busy", 503, "The gateway is busy", true, 1},
    [PROBLEM_UNRECORDED] = {"unrecorded", 503, "A change that cannot be recorded is not sent", true, 5},
    [PROBLEM_KEY_REQUIRED] = {"idempotency-key-required", 400, "This change needs an Idempotency-Key", false,
                              0},
    [PROBLEM_KEY_REUSED] = {"idempotency-key-reused", 422, "The Idempotency-Key is another call's", false, 0},
    [PROBLEM_KEY_IN_USE] = {"idempotency-key-in-use", 409, "A request with this Idempotency-Key is under way",
                            true, 1},
    [PROBLEM_STATE_UNAVAILABLE] = {"state-unavailable", 503, "The store of Idempotency-Keys is away", true,
                                   1},
    [PROBLEM_INTERNAL] = {"internal", 500, "The gateway failed", true, 0},
};

const struct problem_kind *problem_kind(enum problem problem)
{
    return &kinds[problem];
}

const char *problem_reason(int status)
{
    static const struct {
        int status;
        const char *reason;
    } reasons[] = {
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {203, "Non-Authoritative Information"},
        {204, "No Content"},
        {207, "Multi-Status"},
        {303, "See Other"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {411, "Length Required"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {417, "Expectation Failed"},
        {431, "Request Header Fields Too Large"},
        {429, "Too Many Requests"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {421, "Misdirected Request"},
        {422, "Unprocessable Content"},
        {505, "HTTP Version Not Supported"},
    };
    for (size_t i = 0; i < COUNT(reasons); i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "Unknown";
}
