/* A station, and the fields of every answer, for pages of other origins. */
#include "gateway/door/cors.h"

#include "gateway/door/route.h"

#include <string.h>

/* For how long a browser may remember a preflight: a change of the configuration is seen soon after a
 * reload. */
enum { CORS_REMEMBER_S = 600 };

/* What a page may send, and what of an answer it may read beside the body. */
static const char sent[] =
    "Authorization, Content-Type, Countersign-Subject, Idempotency-Key, Prefer, X-Request-Id, baggage, "
    "traceparent, tracestate";
static const char read[] =
    "Idempotency-Replayed, Link, Location, Preference-Applied, RateLimit, RateLimit-Policy, Retry-After, "
    "WWW-Authenticate, X-Request-Id, traceparent";

/* NULL: the request comes from no page, or from one that may not call. */
static const char *origin_of(const struct exchange *x)
{
    const struct config_names *known = &x->config->browsers.origins;
    const char *origin = known->count == 0 ? NULL : request_head_field(x->head, "Origin");
    for (size_t i = 0; origin != NULL && i < known->count; i++)
        if (strcmp(known->items[i], origin) == 0)
            return known->items[i];
    return NULL;
}

bool cors_may_call(const struct exchange *x)
{
    return request_head_field(x->head, "Origin") == NULL || origin_of(x) != NULL;
}

/* The one request that is answered without a token. */
static bool is_preflight(const struct exchange *x)
{
    return strcmp(x->head->method, "OPTIONS") == 0 &&
           request_head_field(x->head, "Access-Control-Request-Method") != NULL && origin_of(x) != NULL;
}

enum problem cors_answer(struct exchange *x)
{
    if (is_preflight(x))
        x->own = (struct exchange_own){.status = 204, .bytes = ""};
    return PROBLEM_NONE;
}

static void put_methods(struct buf *out, const struct config *config)
{
    buf_put(out, "Access-Control-Allow-Methods: ");
    route_put_methods(out, config);
    buf_put(out, "\r\n");
}

void cors_put_fields(struct buf *out, const struct exchange *x)
{
    if (x->config->browsers.origins.count == 0)
        return;
    buf_put(out, "Vary: Origin\r\n"); /* also where there is none: another request may have one */
    const char *origin = x->head->method == NULL ? NULL : origin_of(x);
    if (origin == NULL)
        return;
    buf_put_format(out, "Access-Control-Allow-Origin: %s\r\n", origin);
    if (!is_preflight(x)) {
        buf_put_format(out, "Access-Control-Expose-Headers: %s\r\n", read);
        return;
    }
    put_methods(out, x->config);
    buf_put_format(out, "Access-Control-Allow-Headers: %s", sent);
    if (x->config->mcp_door)
        buf_put(out, ", MCP-Protocol-Version, Mcp-Method, Mcp-Name");
    for (size_t i = 0; i < x->config->browsers.headers.count; i++)
        buf_put_format(out, ", %s", x->config->browsers.headers.items[i]);
    buf_put_format(out, "\r\nAccess-Control-Max-Age: %d\r\n", CORS_REMEMBER_S);
}
