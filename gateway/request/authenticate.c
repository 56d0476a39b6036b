/* Whose token is it?  Every refusal costs the same work and says the same. */
#include "gateway/request/authenticate.h"

#include "auth/token.h"
#include "base/clock.h"
#include "gateway/exchange/gateway.h"
#include "gateway/request/route.h"

/* Who fails too often is told to wait.  A good token is never asked how often others failed. */
static enum problem refuse(struct exchange *x, enum problem problem, const char *sentence)
{
    x->wait_us =
        failures_add(x->gateway->failures, &x->config->failed_auth, &x->address, clock_monotonic_us());
    if (x->wait_us > 0)
        return exchange_stop(x, PROBLEM_TOO_MANY_REQUESTS, "too many wrong tokens from this address");
    return exchange_stop(x, problem, "%s", sentence);
}

static enum problem refuse_path(struct exchange *x)
{
    for (size_t i = 0; x->target.slash && i < x->config->route_count; i++)
        if (route_fits(&x->config->routes[i], x))
            return exchange_stop(x, PROBLEM_NO_SUCH_ROUTE,
                                 "there is no such route: it is %s, without '/' at its end",
                                 x->config->routes[i].template);
    return exchange_stop(x, PROBLEM_NO_SUCH_ROUTE, "there is no such route");
}

enum problem authenticate_caller(struct exchange *x)
{
    size_t length = 0;
    const struct config_token *found = NULL;
    const char *token = token_of_authorization(request_head_field(x->head, "Authorization"), &length);
    switch (token_check(x->config, token, length, x->began_ms / 1000, &found)) {
    case TOKEN_GOOD:
        x->token = found;
        break;
    case TOKEN_EXPIRED:
        x->expired = found;
        return refuse(x, PROBLEM_TOKEN_EXPIRED, "the token has expired: ask for a new one");
    case TOKEN_UNKNOWN:
        return refuse(x, PROBLEM_UNAUTHENTICATED, "send a valid token as Authorization: Bearer <token>");
    case TOKEN_FAILED:
        return exchange_fail(x);
    }
    if (x->page != NULL)
        return PROBLEM_NONE;
    if (x->route == NULL && x->path_exists)
        return exchange_stop(x, PROBLEM_METHOD_NOT_ALLOWED, "this path does not take this method");
    return x->route == NULL ? refuse_path(x) : PROBLEM_NONE;
}
