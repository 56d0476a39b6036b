#include "gateway/door/rest.h"

#include "auth/token.h"
#include "base/json/json.h"
#include "base/text.h"
#include "gateway/http/response_head.h"
#include "gateway/translate/build_call.h"
#include "gateway/translate/hint.h"
#include "gateway/door/receive.h"
#include "gateway/door/route.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { REST_TYPE_MAX = 64 }; /* characters of a media type that is told */

/* ---- the way in ---- */

static bool takes(const struct exchange *x)
{
    (void)x;
    return true;
}

static const char *skip_blanks(const char *at)
{
    return at + strspn(at, " \t");
}

/* Where the value at `at`, a token or a quoted string, ends; NULL: it is neither (RFC 9110 section 5.6.6). */
static const char *end_of_value(const char *at)
{
    if (*at != '"') {
        size_t length = strcspn(at, "; \t");
        return text_is_token(at, length) ? at + length : NULL;
    }
    for (at++; *at != '"'; at++)
        if (*at == '\0' || (*at == '\\' && *++at == '\0'))
            return NULL;
    return at + 1;
}

/* What stands behind a ';': nothing, or a parameter, of which only charset says anything about JSON.  Where
 * it ends; NULL: the body is no JSON. */
static const char *skip_parameter(const char *at)
{
    static const char charset[] = "charset=";
    size_t name = strcspn(at, "=; \t");
    if (name == 0 && *at != '=')
        return at;
    if (!text_is_token(at, name) || at[name] != '=')
        return NULL;
    const char *value = at + name + 1;
    const char *end = end_of_value(value);
    if (end == NULL || strncasecmp(at, charset, sizeof charset - 1) != 0)
        return end;
    size_t length = (size_t)(end - value);
    return (length == 5 && strncasecmp(value, "utf-8", 5) == 0) ||
                   (length == 7 && strncasecmp(value, "\"utf-8\"", 7) == 0)
               ? end
               : NULL;
}

/* "application/json", at most with charset=utf-8 and parameters that say nothing (RFC 8259 section 11). */
static bool is_json_type(const char *type)
{
    static const char json[] = "application/json";
    if (type == NULL || strncasecmp(type, json, sizeof json - 1) != 0)
        return false;
    const char *rest = skip_blanks(type + sizeof json - 1);
    while (rest != NULL && *rest == ';') {
        rest = skip_parameter(skip_blanks(rest + 1));
        rest = rest == NULL ? NULL : skip_blanks(rest);
    }
    return rest != NULL && *rest == '\0';
}

enum problem rest_accept_size(struct exchange *x)
{
    const char *coding = request_head_field(x->head, "Content-Encoding");
    size_t most = receive_max(x);
    if (x->head->message.content_length > (long long)most)
        return exchange_stop(x, PROBLEM_CONTENT_TOO_LARGE, "the body may have at most %zu bytes", most);
    if (request_head_has_body(x->head) && coding != NULL && strcasecmp(coding, "identity") != 0)
        return exchange_stop(x, PROBLEM_UNSUPPORTED_MEDIA_TYPE, "Content-Encoding is not taken here");
    return PROBLEM_NONE;
}

/* Which type it was says what to change; more than a type and its subtype is not told. */
static enum problem check_type(struct exchange *x, const char *type)
{
    size_t length = type == NULL ? 0 : strcspn(type, "; \t");
    const char *slash = type == NULL ? NULL : memchr(type, '/', length);
    if (is_json_type(type))
        return PROBLEM_NONE;
    if (type == NULL)
        return exchange_stop(x, PROBLEM_UNSUPPORTED_MEDIA_TYPE,
                             "Content-Type must be application/json (UTF-8), and this body has none");
    if (slash == NULL || length > REST_TYPE_MAX || !text_is_token(type, (size_t)(slash - type)) ||
        !text_is_token(slash + 1, (size_t)(type + length - slash - 1)) ||
        strncasecmp(type, "application/json", length) == 0)
        return exchange_stop(x, PROBLEM_UNSUPPORTED_MEDIA_TYPE,
                             "Content-Type must be application/json (UTF-8)");
    return exchange_stop(x, PROBLEM_UNSUPPORTED_MEDIA_TYPE,
                         "Content-Type must be application/json (UTF-8), not %.*s", (int)length, type);
}

enum problem rest_accept(struct exchange *x)
{
    enum problem problem = rest_accept_size(x);
    if (problem != PROBLEM_NONE || !request_head_has_body(x->head))
        return problem;
    return check_type(x, request_head_field(x->head, "Content-Type"));
}

enum problem rest_token(struct exchange *x, const char **token, size_t *length)
{
    *token = token_of_authorization(request_head_field(x->head, "Authorization"), length);
    return PROBLEM_NONE;
}

enum problem rest_unrouted(struct exchange *x)
{
    if (x->path_exists)
        return exchange_stop(x, PROBLEM_METHOD_NOT_ALLOWED, "this path does not take this method");
    for (size_t i = 0; x->target.slash && i < x->config->route_count; i++)
        if (route_fits(&x->config->routes[i], x))
            return exchange_stop(x, PROBLEM_NO_SUCH_ROUTE,
                                 "there is no such route: it is %s, without '/' at its end",
                                 x->config->routes[i].template);
    if (x->target.segment_count == 0)
        return exchange_stop(x, PROBLEM_NO_SUCH_ROUTE,
                             "there is no such route: GET /whoami says what your token may call, and "
                             "GET /openapi.json how");
    return exchange_stop(x, PROBLEM_NO_SUCH_ROUTE, "there is no such route");
}

/* ---- the way out ---- */

bool rest_is_retryable(const struct exchange *x)
{
    return problem_kind(x->problem)->retryable &&
           !(exchange_changes(x) && x->outcome != OUTCOME_NOT_EXECUTED);
}

static void put_upstream(struct buf *body, const struct answer *answer)
{
    json_open_member(body, "upstream");
    if (answer->named) {
        json_member(body, "code", answer->code_desc);
    } else {
        json_member_int(body, "code", answer->code);
        json_member(body, "codeDesc", answer->code_desc);
    }
    json_member(body, "message", answer->message);
    json_member(body, "requestId", answer->request_id);
    json_member_raw(body, "detail", answer->detail);
    json_close(body);
}

/* A change under a key is not sent again: then its caller is told where to look instead. */
static const char *detail_of(const struct exchange *x, char *space, size_t size)
{
    const char *where = "";
    if (x->key.result == EXCHANGE_KEY_CLAIMED && x->outcome == OUTCOME_UNKNOWN)
        where =
            "; this Idempotency-Key is not sent again: look at the thing itself, or for this requestId in "
            "the audit file";
    (void)snprintf(space, size, "%s%s", x->err.text, where);
    return space;
}

/* RFC 9457 */
void rest_put_problem(struct buf *body, const struct exchange *x)
{
    const struct problem_kind *kind = problem_kind(x->problem);
    char detail[sizeof x->err.text + 128];
    json_open(body);
    response_head_put_problem(body, x->config == NULL ? NULL : x->config->problem_types, kind, x->status,
                              detail_of(x, detail, sizeof detail), x->id, rest_is_retryable(x));
    if (x->problem == PROBLEM_NOT_ALLOWED && x->verdict.because != NULL)
        json_member(body, "rule", x->verdict.because->id);
    hint_put(body, x);
    if (exchange_changes(x))
        json_member(body, "outcome", exchange_outcome_name(x->outcome));
    if (x->answer.length > 0 && !answer_is_good(&x->answer))
        put_upstream(body, &x->answer);
    json_close(body);
}

void rest_reply(struct exchange *x, struct buf *space, struct door_content *content)
{
    if (x->problem != PROBLEM_NONE) {
        rest_put_problem(space, x);
        content->type = RESPONSE_HEAD_PROBLEM_TYPE;
        content->bytes = buf_text(space);
        content->length = space->length;
    } else if (x->status != 204 && x->own.status != 0) {
        content->type = x->own.type;
        content->bytes = x->own.bytes;
        content->length = x->own.length;
        content->put = x->own.put;
    } else if (x->status != 204) {
        content->type = "application/json";
        content->bytes = x->answer.bytes;
        content->length = x->answer.length;
    }
}

const struct door rest_door = {
    .takes = takes,
    .accept = rest_accept,
    .route = route_match,
    .builtins = true,
    .token = rest_token,
    .unauthenticated = "send a valid token as Authorization: Bearer <token>",
    .unrouted = rest_unrouted,
    .translate = build_call_request,
    .reply = rest_reply,
};
