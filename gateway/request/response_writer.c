/* The upstream's answer, or why we stopped, to the bytes of one HTTP response. */
#include "gateway/request/response_writer.h"

#include "gateway/call/idempotency.h"
#include "gateway/call/task_wait.h"
#include "gateway/exchange/shared.h"
#include "gateway/http/response_head.h"
#include "gateway/door/actions.h"
#include "gateway/door/builtin.h"
#include "gateway/door/cors.h"
#include "gateway/door/door.h"
#include "gateway/request/next_page.h"
#include "gateway/door/route.h"

#include <string.h>

enum {
    /* bytes of an answer when memory is out: some 700 without a browser's fields */
    RESPONSE_WRITER_LAST_MAX = 4096,
    RESPONSE_WRITER_LAST_PROBLEM_MAX = 1024, /* and of its problem: no word of it is the cloud's */
};

/* The methods of every route that has this path. */
static void put_allow(struct buf *out, const struct exchange *x)
{
    size_t written = 0;
    bool heads = false;
    if (x->door->methods != NULL) {
        response_head_put_field(out, "Allow", x->door->methods);
        return;
    }
    buf_put(out, builtin_has_path(x) ? "Allow: GET, HEAD" : "Allow: ");
    for (size_t i = 0; i < x->config->route_count; i++) {
        const struct config_route *route = &x->config->routes[i];
        if (!route_serves(route, x))
            continue;
        buf_put_format(out, "%s%s", written++ == 0 ? "" : ", ", route->method);
        heads = heads || (strcmp(route->method, "GET") == 0 && route->effect == CONFIG_READ);
    }
    if (actions_takes_post(x))
        buf_put(out, ", POST");
    if (heads)
        buf_put(out, ", HEAD");
    buf_put(out, "\r\n");
}

/* The fields of draft-ietf-httpapi-ratelimit-headers: the burst, the seconds that fill it again, what is
 * left. */
static void put_rate_limit(struct buf *out, const struct exchange *x)
{
    const struct rate *rate = &x->client->rate;
    long long window = (rate->interval_us * rate->burst + 999999) / 1000000;
    long long missing = rate->burst - x->limits.remaining;
    buf_put_format(out, "RateLimit-Policy: \"client\";q=%lld;w=%lld\r\n", (long long)rate->burst, window);
    buf_put_format(out, "RateLimit: \"client\";r=%lld;t=%lld\r\n", (long long)x->limits.remaining,
                   (missing * rate->interval_us + 999999) / 1000000);
}

/* `status`: on the wire.  Fields that belong to a status go with that one. */
static void put_special_fields(struct buf *out, const struct exchange *x, int status)
{
    const struct problem_kind *kind = problem_kind(x->problem);
    if (x->problem == PROBLEM_NONE)
        task_wait_put_location(out, x);
    if (x->problem == PROBLEM_NONE)
        next_page_put(out, x);
    if (x->problem == PROBLEM_NONE && x->waited_s > 0)
        buf_put_format(out, "Preference-Applied: wait=%d\r\n", x->waited_s);
    if (x->problem == PROBLEM_UNAUTHENTICATED && status == 401)
        buf_put(out, "WWW-Authenticate: Bearer realm=\"countersign\"\r\n");
    if (x->problem == PROBLEM_TOKEN_EXPIRED && status == 401)
        buf_put(out, "WWW-Authenticate: Bearer realm=\"countersign\", error=\"invalid_token\", "
                     "error_description=\"the token has expired\"\r\n");
    if (x->problem == PROBLEM_METHOD_NOT_ALLOWED && status == 405)
        put_allow(out, x);
    if (x->wait_us > 0) /* whole seconds, rounded up: RFC 9110 section 10.2.3 */
        buf_put_format(out, "Retry-After: %lld\r\n", (long long)(x->wait_us + 999999) / 1000000);
    else if (kind->retry_after > 0)
        buf_put_format(out, "Retry-After: %d\r\n", kind->retry_after);
    idempotency_put_field(out, x);
    if (x->limits.limited)
        put_rate_limit(out, x);
}

/* x->status, for the log, and what the door makes of it. */
static struct door_content choose_content(struct exchange *x, struct buf *space)
{
    struct door_content content = {0};
    x->status = problem_kind(x->problem)->status;
    if (x->problem == PROBLEM_NONE)
        x->status = x->own.status != 0 ? x->own.status : x->finished ? 200 : (int)x->route->success;
    content.status = x->status;
    x->door->reply(x, space, &content);
    return content;
}

/* Who keeps a connection longer than we do sends a request to nobody.  The field is said to be of the
 * connection, as RFC 9110 section 7.6.1 wants it. */
static void put_connection(struct buf *out, const struct exchange *x)
{
    if (x->close) {
        buf_put(out, "Connection: close\r\n\r\n");
        return;
    }
    if (x->config != NULL && x->config->keep_alive > 0) {
        buf_put(out, "Connection: keep-alive\r\nKeep-Alive: timeout=");
        buf_put_int(out, x->config->keep_alive / 1000);
        buf_put(out, "\r\n");
    }
    buf_put(out, "\r\n");
}

static void put_fields(struct buf *out, const struct exchange *x, const struct door_content *content)
{
    response_head_put(out, &(struct response_head){.status = content->status,
                                                   .date_ms = x->began_ms,
                                                   .type = content->type,
                                                   .length = content->length,
                                                   .request_id = x->id,
                                                   .trace = &x->trace});
    if (x->problem == PROBLEM_NONE && x->own.fields != NULL)
        buf_put(out, x->own.fields);
    put_special_fields(out, x, content->status);
    cors_put_fields(out, x);
    put_connection(out, x);
}

static bool compose(struct exchange *x, struct buf *space)
{
    bool head = x->head->method != NULL && strcmp(x->head->method, "HEAD") == 0;
    const struct door_content content = choose_content(x, space);
    buf_reset(x->reply);
    put_fields(x->reply, x, &content);
    if (!head && content.put != NULL)
        content.put(x->reply, x);
    else if (!head)
        buf_put_bytes(x->reply, content.bytes, content.length);
    return !x->reply->failed && !space->failed;
}

/* Memory is out: an answer that needs none, with all that its caller must know. */
static void compose_without_memory(struct exchange *x)
{
    static _Thread_local char bytes[RESPONSE_WRITER_LAST_MAX];
    static _Thread_local struct buf reply;
    char text[RESPONSE_WRITER_LAST_PROBLEM_MAX];
    struct buf problem;
    buf_init_in(&reply, bytes, sizeof bytes);
    buf_init_in(&problem, text, sizeof text);
    x->reply = &reply;
    x->close = true;
    x->own = (struct exchange_own){0};
    if (!answer_is_good(&x->answer))
        x->answer = (struct answer){0};
    err_clear(&x->err);
    x->problem = exchange_fail(x);
    (void)compose(x, &problem);
}

void response_writer_compose(struct exchange *x)
{
    struct buf problem;
    x->close = x->close || x->ends || atomic_load(&x->gateway->draining);
    buf_init(&problem, x->reply->ceiling); /* a partial success tells on each item */
    if (!compose(x, &problem))
        compose_without_memory(x);
    buf_done(&problem);
}
