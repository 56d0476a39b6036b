#include "gateway/door_sdk/sdk_reply.h"

#include "base/json/json.h"
#include "gateway/door_sdk/sdk_request.h"

#include <stdio.h>
#include <string.h>

enum { SENTENCE_MAX = 1536 };

static const char too_large[] = "RequestSizeLimitExceeded";

/* The vendor's codes that make its clients do the right thing; where there is none, InternalError, which none
 * of them sends again.  Never a code of the clients' own (ClientError), and none by which Terraform repeats a
 * change (ResourceInUse, ResourceUnavailable, ResourceBusy, ...). */
static const char *const codes[] = {
    [PROBLEM_MALFORMED_REQUEST] = "InvalidParameter",
    [PROBLEM_INVALID_PARAMETER] = "InvalidParameter",
    [PROBLEM_UNAUTHENTICATED] = "AuthFailure.TokenFailure",
    [PROBLEM_TOKEN_EXPIRED] = "AuthFailure.TokenFailure",
    [PROBLEM_NOT_ALLOWED] = "UnauthorizedOperation",
    [PROBLEM_NO_SUCH_ROUTE] = "UnsupportedOperation",
    [PROBLEM_METHOD_NOT_ALLOWED] = "UnsupportedOperation",
    [PROBLEM_LENGTH_REQUIRED] = "InvalidParameter",
    [PROBLEM_CONTENT_TOO_LARGE] = too_large,
    [PROBLEM_TARGET_TOO_LONG] = too_large,
    [PROBLEM_HEADER_TOO_LARGE] = too_large,
    [PROBLEM_UNSUPPORTED_MEDIA_TYPE] = "UnsupportedOperation",
    [PROBLEM_EXPECTATION_FAILED] = "UnsupportedOperation",
    [PROBLEM_MISDIRECTED_REQUEST] = "UnsupportedOperation",
    [PROBLEM_VERSION_NOT_SUPPORTED] = "UnsupportedOperation",
    [PROBLEM_TOO_MANY_REQUESTS] = "RequestLimitExceeded",
    [PROBLEM_UPSTREAM_THROTTLED] = "RequestLimitExceeded",
    [PROBLEM_INTERNAL] = NULL,
};

/* Python's SDK, with retries switched on, sends a change again after RequestLimitExceeded also when the
 * second time was a success (its retryer keeps the first error): it must not begin. */
static bool repeats_success(const struct exchange *x)
{
    return x->sdk != NULL && x->sdk->client != NULL && strstr(x->sdk->client, "SDK_PYTHON") != NULL;
}

static bool is_rate(const struct exchange *x)
{
    return x->problem == PROBLEM_TOO_MANY_REQUESTS || x->problem == PROBLEM_UPSTREAM_THROTTLED;
}

static bool is_unknown(const struct exchange *x)
{
    return exchange_changes(x) && x->outcome == OUTCOME_UNKNOWN;
}

static const char *code_of(const struct exchange *x)
{
    if (is_unknown(x))
        return "InternalError.OutcomeUnknown";
    if (x->problem == PROBLEM_TOO_MANY_REQUESTS && x->client == NULL)
        return codes[PROBLEM_UNAUTHENTICATED]; /* wrong tokens: to try again is no use */
    if (is_rate(x) && exchange_changes(x) && repeats_success(x))
        return "LimitExceeded";
    const char *code = (size_t)x->problem < COUNT(codes) ? codes[x->problem] : NULL;
    return code == NULL ? "InternalError" : code;
}

/* What the cloud has said goes out as it came: but for what its clients would take for theirs (the
 * gateway's credential is refused, not the caller's), and where its code would make one repeat a change. */
static bool is_the_clouds(const struct exchange *x)
{
    if (x->answer.bytes == NULL || x->answer.length == 0 || !x->answer.named)
        return false;
    const char *code = x->answer.code_desc;
    if (is_unknown(x) && strncmp(code, "InternalError", sizeof "InternalError" - 1) != 0)
        return false;
    if (x->problem == PROBLEM_UPSTREAM_CREDENTIAL)
        return strncmp(code, "UnauthorizedOperation", sizeof "UnauthorizedOperation" - 1) == 0;
    return x->problem != PROBLEM_UPSTREAM_CLOCK && !(is_rate(x) && exchange_changes(x) && repeats_success(x));
}

static void put_sentence(struct buf *text, const struct exchange *x)
{
    buf_put(text, x->err.text[0] != '\0' ? x->err.text : problem_kind(x->problem)->title);
    if (x->problem == PROBLEM_NOT_ALLOWED && x->verdict.because != NULL)
        buf_put_format(text, " (rule %s)", x->verdict.because->id);
    if (x->answer.named && x->answer.message != NULL)
        buf_put_format(text, "; it said: %s", x->answer.message);
    if (is_unknown(x))
        buf_put(text, "; whether the change was made is not known: look before you repeat it");
    else if (is_rate(x) && x->wait_us > 0)
        buf_put_format(text, "; try again in %lld s", (long long)(x->wait_us + 999999) / 1000000);
}

/* It ends before its caller is known, so there are two codes of API 2.0: a parameter, and a failure. */
static void put_older_error(struct buf *out, const struct exchange *x, const char *sentence)
{
    json_open(out);
    json_member_int(out, "code", problem_kind(x->problem)->status >= 500 ? 6000 : 4000);
    json_member(out, "message", sentence);
    json_member(out, "codeDesc", code_of(x));
    json_member(out, "requestId", x->id);
    json_close(out);
}

static void put_error(struct buf *out, const struct exchange *x)
{
    char sentence[SENTENCE_MAX];
    struct buf text;
    buf_init_in(&text, sentence, sizeof sentence);
    put_sentence(&text, x);
    if (sdk_request_is_older(x)) {
        put_older_error(out, x, buf_text(&text));
        return;
    }
    json_open(out);
    json_open_member(out, "Response");
    json_open_member(out, "Error");
    json_member(out, "Code", code_of(x));
    json_member(out, "Message", buf_text(&text));
    json_close(out);
    json_member(out, "RequestId", x->id);
    json_close(out);
    json_close(out);
}

void sdk_reply(struct exchange *x, struct buf *space, struct door_content *content)
{
    *content = (struct door_content){.status = 200, .type = "application/json"};
    if (x->problem == PROBLEM_NONE && x->own.status != 0) {
        content->bytes = x->own.bytes;
        content->length = x->own.length;
    } else if (x->problem == PROBLEM_NONE || is_the_clouds(x)) {
        content->bytes = x->answer.bytes;
        content->length = x->answer.length;
    } else {
        put_error(space, x);
        content->bytes = buf_text(space);
        content->length = space->length;
    }
}
