/* `resolve_former_ids`: a former id that the policy does not know is asked of the cloud, before the policy
 * judges. Whatever goes wrong, the call keeps the id and is judged by it: closed. */
#include "gateway/call/resolve.h"

#include "base/clock.h"
#include "base/document.h"
#include "gateway/call/forward.h"
#include "gateway/exchange/current.h"
#include "gateway/exchange/gateway.h"
#include "gateway/exchange/metrics.h"
#include "gateway/exchange/queue.h"

#include <stdio.h>
#include <string.h>

enum { RESOLVE_KEY = 1024 };

/* A sealed call that asks about the one thing. */
static struct call *make_question(const struct exchange *x, const struct config_route *route,
                                  const char *former)
{
    const char **value = arena_array(x->arena, 1, sizeof *value);
    struct call *call = value == NULL ? NULL : call_new(route, x->call->upstream, x->arena);
    if (call == NULL)
        return NULL;
    *value = former;
    if (call_add(call, &route->params[0], value, 1, NULL) != 0 ||
        call_set_region(call, x->call->region, NULL) != 0)
        return NULL;
    call_send_region(call, x->call->sent_region);
    call_seal(call);
    return call;
}

/* The answer must be about one thing, and its id one that a caller could say. */
static const char *read_id(const struct exchange *x, const struct config_route *route,
                           const struct config_param *param, const struct answer *answer)
{
    json_error_t where;
    json_t *root = document_read(answer->bytes, answer->length, &where);
    const json_t *list = json_object_get(root, route->one);
    const char *id = json_array_size(list) != 1
                         ? NULL
                         : json_string_value(json_object_get(json_array_get(list, 0), route->tells.from));
    bool good = id != NULL && config_match(&param->pattern, id) == PATTERN_FITS &&
                config_is_former(param, id) == PATTERN_DIFFERS;
    const char *copy = good ? arena_strdup(x->arena, id) : NULL;
    json_decref(root);
    return copy;
}

static const char *ask(struct exchange *x, const struct config_route *route, const struct call_param *param)
{
    struct answer answer = {0};
    const char *id = NULL;
    const struct call *question = make_question(x, route, param->values[0]);
    if (question != NULL &&
        forward_read(x, question, clock_monotonic_us() + CURRENT_TIME_US, &answer) == PROBLEM_NONE)
        id = read_id(x, route, param->param, &answer);
    err_clear(&x->err);
    x->wait_us = 0; /* of the question */
    return id;
}

/* NULL: nobody knows. */
static const char *find_id(struct exchange *x, const struct config_route *route,
                           const struct call_param *param)
{
    char key[RESOLVE_KEY];
    struct current_id known;
    struct current *current = x->generation->current_ids;
    int length = snprintf(key, sizeof key, "%s %s %s %s", x->call->upstream->name, x->call->region,
                          param->name, param->values[0]);
    if (length < 0 || (size_t)length >= sizeof key)
        return NULL;
    queue_end(x); /* there may be something to wait for */
    switch (current_find(current, key, &known)) {
    case CURRENT_KNOWN:
        metrics_count_former(x->gateway->metrics, x->call->upstream, "known");
        return arena_strdup(x->arena, known.text);
    case CURRENT_ASK: {
        const char *id = ask(x, route, param);
        current_tell(current, key, id);
        metrics_count_former(x->gateway->metrics, x->call->upstream, id == NULL ? "failed" : "found");
        return id;
    }
    default:
        metrics_count_former(x->gateway->metrics, x->call->upstream, "failed");
        return NULL;
    }
}

/* The same call about the thing by its current id. */
static enum problem rename_thing(struct exchange *x, const struct call_param *param, const char *id)
{
    struct call *call = call_with(x->call, param->name, id, x->arena);
    if (call == NULL)
        return exchange_fail(x);
    x->call = call;
    return PROBLEM_NONE;
}

/* Only for who could be allowed the call by any name: others learn nothing, and cause no call. */
enum problem resolve_ids(struct exchange *x)
{
    const struct config_upstream *upstream = x->call->upstream;
    if (!upstream->resolve_former_ids || call_former(x->call, NULL) == NULL ||
        !policy_may(x->token->client, x->route, &x->address, x->began_ms / 1000))
        return PROBLEM_NONE;
    for (size_t i = 0; i < x->call->param_count; i++) {
        const struct call_param *param = &x->call->params[i];
        const struct config_route *route = config_telling_route(x->config, upstream, param->name);
        if (param->former == NULL || param->count != 1 || route == NULL)
            continue;
        const char *id = find_id(x, route, param);
        enum problem problem = id == NULL ? PROBLEM_NONE : rename_thing(x, param, id);
        if (problem != PROBLEM_NONE)
            return problem;
    }
    return PROBLEM_NONE;
}
