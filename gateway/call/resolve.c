/* `resolve_former_ids`: a former id that the policy does not know is asked of the cloud, before the policy
 * judges. Whatever goes wrong, the call keeps the id and is judged by it: closed. */
#include "gateway/call/resolve.h"

#include "base/time/clock.h"
#include "config/model/param_value.h"
#include "gateway/call/forward.h"
#include "gateway/known/current.h"
#include "gateway/exchange/queue.h"
#include "gateway/exchange/request_metrics.h"
#include "gateway/exchange/shared.h"

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
    call->request_client = x->call->request_client;
    if (call_add(call, &route->params[0], value, 1, NULL) != 0 ||
        call_set_region(call, x->call->region, NULL) != 0)
        return NULL;
    call_send_region(call, x->call->sent_region);
    call_seal(call);
    return call;
}

/* The member of an object; none where it is there twice. */
static struct json_value find_member(const struct json_value *object, const char *name)
{
    size_t count = 0;
    struct json_value found = {0};
    struct json_items items = json_value_items(object);
    for (struct json_value member; json_value_next(&items, &member);)
        if (json_value_has_key(&member, name)) {
            found = member;
            count++;
        }
    return count == 1 ? found : (struct json_value){0};
}

/* The answer must be about one thing, and its id one that a caller could say. */
static const char *read_id(const struct exchange *x, const struct config_route *route,
                           const struct config_param *param, const struct answer *answer)
{
    bool exact = false;
    struct json_value thing = {0};
    struct json_items items = json_value_items(&answer->single);
    if (answer->single.kind != JSON_VALUE_ARRAY || answer->single.count != 1 ||
        !json_value_next(&items, &thing) || thing.kind != JSON_VALUE_OBJECT)
        return NULL;
    const struct json_value member = find_member(&thing, route->tells.from);
    if (member.kind != JSON_VALUE_STRING)
        return NULL;
    const char *id = json_value_text(&member, CONFIG_ID_MAX + 1, x->arena, &exact);
    bool good = id != NULL && exact && strlen(id) <= CONFIG_ID_MAX &&
                param_value_check(param, x->call->upstream, id, NULL) == 0 &&
                config_is_former(param, id) == PATTERN_DIFFERS;
    return good ? id : NULL;
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
    struct current *current = x->snapshot->current_ids;
    int length = snprintf(key, sizeof key, "%s %s %s %s", config_title(x->call->upstream), x->call->region,
                          param->name, param->values[0]);
    if (length < 0 || (size_t)length >= sizeof key)
        return NULL;
    queue_end(x); /* there may be something to wait for */
    switch (current_find(current, key, &known)) {
    case CURRENT_KNOWN:
        request_metrics_count_former(x->gateway->metrics, x->call->upstream, "known");
        return arena_strdup(x->arena, known.text);
    case CURRENT_ASK: {
        const char *id = ask(x, route, param);
        current_tell(current, key, id);
        request_metrics_count_former(x->gateway->metrics, x->call->upstream, id == NULL ? "failed" : "found");
        return id;
    }
    default:
        request_metrics_count_former(x->gateway->metrics, x->call->upstream, "failed");
        return NULL;
    }
}

/* Only for who could be allowed the call by any name: others learn nothing, and cause no call.  An id that
 * cannot be signed is none. */
enum problem resolve_ids(struct exchange *x)
{
    const struct config_upstream *upstream = x->call->upstream;
    if (!upstream->resolve_former_ids || call_former(x->call, NULL) == NULL ||
        !policy_may(x->client, x->route, &x->address, x->began_ms / 1000))
        return PROBLEM_NONE;
    for (size_t i = 0; i < x->call->param_count; i++) {
        const struct call_param *param = &x->call->params[i];
        const struct config_route *route = config_telling_route(x->config, upstream, param->name);
        if (param->former == NULL || param->count != 1 || route == NULL)
            continue;
        const char *id = find_id(x, route, param);
        struct call *call = id == NULL ? NULL : call_with(x->call, param->param, id, x->arena);
        if (call != NULL)
            x->call = call;
    }
    return PROBLEM_NONE;
}
