/* gateway/http/problem.h - the ways in which a request can end without success: the names that callers
 * see. */
#ifndef GATEWAY_HTTP_PROBLEM_H
#define GATEWAY_HTTP_PROBLEM_H

#include "base/base.h"

enum problem {
    PROBLEM_NONE,
    PROBLEM_MALFORMED_REQUEST,
    PROBLEM_INVALID_PARAMETER,
    PROBLEM_UNAUTHENTICATED,
    PROBLEM_TOKEN_EXPIRED,
    PROBLEM_NOT_ALLOWED,
    PROBLEM_NO_SUCH_ROUTE,
    PROBLEM_METHOD_NOT_ALLOWED,
    PROBLEM_REQUEST_TIMEOUT,
    PROBLEM_LENGTH_REQUIRED,
    PROBLEM_CONTENT_TOO_LARGE,
    PROBLEM_TARGET_TOO_LONG,
    PROBLEM_UNSUPPORTED_MEDIA_TYPE,
    PROBLEM_EXPECTATION_FAILED,
    PROBLEM_MISDIRECTED_REQUEST,
    PROBLEM_HEADER_TOO_LARGE,
    PROBLEM_NOT_IMPLEMENTED,
    PROBLEM_VERSION_NOT_SUPPORTED,
    PROBLEM_TOO_MANY_REQUESTS,
    PROBLEM_NOT_FOUND,
    PROBLEM_CONFLICT,
    PROBLEM_UPSTREAM_REJECTED_PARAMETER,
    PROBLEM_UPSTREAM_CREDENTIAL,
    PROBLEM_UPSTREAM_THROTTLED,
    PROBLEM_UPSTREAM_CLOCK,
    PROBLEM_PARTIAL,
    PROBLEM_UPSTREAM_FAILED,
    PROBLEM_UPSTREAM_MAINTENANCE,
    PROBLEM_UPSTREAM_UNREACHABLE,
    PROBLEM_UPSTREAM_TIMEOUT,
    PROBLEM_UPSTREAM_UNAVAILABLE,
    PROBLEM_UPSTREAM_INVALID_ANSWER,
    PROBLEM_BUSY,
    PROBLEM_UNRECORDED,
    PROBLEM_KEY_REQUIRED,
    PROBLEM_KEY_REUSED,
    PROBLEM_KEY_IN_USE,
    PROBLEM_STATE_UNAVAILABLE,
    PROBLEM_INTERNAL,
};

struct problem_kind {
    const char
        *name; /* what its `type` ends with: urn:countersign:problem:<name>, or as `problem_types` says */
    int status;
    const char *title;
    bool retryable;  /* the same request may succeed later; a change of unknown outcome never says so */
    int retry_after; /* seconds, 0: the answer has no Retry-After */
};

const struct problem_kind *problem_kind(enum problem problem);

/* "Not Found"; "Unknown" for a status that we never send. */
const char *problem_reason(int status);

#endif
