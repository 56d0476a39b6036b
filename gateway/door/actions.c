#include "gateway/door/actions.h"

#include "base/json/json.h"
#include "gateway/schema/definition_schema.h"
#include "gateway/translate/build_call.h"
#include "gateway/door/rest.h"
#include "gateway/door/route.h"

#include <stdio.h>
#include <string.h>

/* ---- which one ---- */

static const char *query_value(const struct exchange *x, const char *name)
{
    for (size_t i = 0; i < x->target.pair_count; i++)
        if (strcmp(x->target.pairs[i].name, name) == 0)
            return x->target.pairs[i].value;
    return NULL;
}

static bool is_door(const struct exchange *x, size_t segments)
{
    return x->config->actions_door && !x->target.slash && x->target.segment_count == segments &&
           strcmp(x->target.segments[0], "actions") == 0;
}

static const struct config_action *find_action(const struct exchange *x)
{
    return is_door(x, 3) ? config_action(x->config, x->target.segments[1], x->target.segments[2],
                                         query_value(x, "version"))
                         : NULL;
}

static bool has_service(const struct exchange *x)
{
    for (size_t i = 0; is_door(x, 2) && i < x->config->service_count; i++)
        if (strcmp(x->config->services[i].upstream->name, x->target.segments[1]) == 0)
            return true;
    return false;
}

size_t actions_body_max(const struct exchange *x)
{
    return is_door(x, 3) ? (size_t)x->config->body_max : REQUEST_BODY_MAX;
}

bool actions_takes_post(const struct exchange *x)
{
    return find_action(x) != NULL;
}

bool actions_has_path(const struct exchange *x)
{
    return has_service(x) || find_action(x) != NULL;
}

/* ---- what a token may call ---- */

bool actions_may_call(const struct exchange *x, const struct config_action *action)
{
    return policy_may(x->client, &action->route, &x->address, x->began_ms / 1000);
}

void actions_put_facts(struct buf *out, const struct config_action *action)
{
    const struct config_dialect *dialect = &action->route.dialects[CONFIG_API3];
    json_member(out, "action", action->definition->name);
    json_member(out, "version", dialect->version);
    json_member(out, "effect", config_effect_name(action->route.effect));
    if (action->definition->status != DEFINITIONS_ONLINE)
        json_member(out, "status", definitions_status_name(action->definition->status));
    if (action->has_route)
        json_member(out, "judgedAs", action->route.action);
}

static void put_service(struct buf *out, const struct exchange *x)
{
    json_open(out);
    json_member(out, "service", x->target.segments[1]);
    json_open_array(out, "actions");
    for (size_t i = x->config->service_count; i-- > 0;) {
        const struct config_service *service = &x->config->services[i];
        for (size_t j = 0; strcmp(service->upstream->name, x->target.segments[1]) == 0 &&
                           j < service->definitions->action_count;
             j++)
            if (actions_may_call(x, &service->actions[j])) {
                json_open(out);
                actions_put_facts(out, &service->actions[j]);
                json_close(out);
            }
    }
    json_close_array(out);
    json_close(out);
}

/* ---- schemas ---- */

static int put_schema(struct buf *out, const char *key, const struct definitions *definitions,
                      const struct definitions_object *root, struct arena *arena)
{
    static const char at[] = "#/$defs/";
    char reference[sizeof at + DEFINITIONS_NAME_MAX];
    struct definition_schema schema;
    if (definition_schema_begin(&schema, definitions, arena) != 0)
        return -1;
    definition_schema_reach(&schema, root);
    (void)snprintf(reference, sizeof reference, "%s%s", at, root->name);
    json_open_member(out, key);
    json_member(out, "$ref", reference);
    json_open_member(out, "$defs");
    definition_schema_put(out, &schema, "", at);
    json_close(out);
    json_close(out);
    return 0;
}

static const struct definitions *definitions_of(const struct exchange *x, const struct config_action *action)
{
    for (size_t i = 0; i < x->config->service_count; i++) {
        const struct definitions *definitions = x->config->services[i].definitions;
        if (action->definition >= definitions->actions &&
            action->definition < definitions->actions + definitions->action_count)
            return definitions;
    }
    return NULL;
}

static int put_one(struct buf *out, const struct exchange *x, const struct config_action *action)
{
    const struct definitions *definitions = definitions_of(x, action);
    if (definitions == NULL)
        return -1;
    json_open(out);
    json_member(out, "service", action->upstream->name);
    actions_put_facts(out, action);
    int result = put_schema(out, "request", definitions, action->definition->input, x->arena);
    if (result == 0)
        result = put_schema(out, "answer", definitions, action->definition->output, x->arena);
    json_close(out);
    return result;
}

enum problem actions_keep(struct exchange *x, struct buf *out)
{
    const char *bytes = out->failed ? NULL : arena_copy(x->arena, out->bytes, out->length);
    if (bytes != NULL)
        x->own = (struct exchange_own){
            .status = 200, .type = "application/json", .bytes = bytes, .length = out->length};
    buf_done(out);
    return bytes != NULL ? PROBLEM_NONE : exchange_fail(x);
}

enum problem actions_answer_one(struct exchange *x, const struct config_action *action)
{
    struct buf out;
    if (!actions_may_call(x, action))
        return exchange_stop(x, PROBLEM_NOT_ALLOWED, "no rule allows %s", action->route.action);
    buf_init(&out, ACTIONS_ANSWER_MAX);
    if (put_one(&out, x, action) != 0)
        out.failed = true;
    return actions_keep(x, &out);
}

enum problem actions_answer(struct exchange *x)
{
    struct buf out;
    const struct config_action *action = find_action(x);
    if (action != NULL)
        return actions_answer_one(x, action);
    buf_init(&out, ACTIONS_ANSWER_MAX);
    put_service(&out, x);
    return actions_keep(x, &out);
}

/* ---- the door ---- */

static bool takes(const struct exchange *x)
{
    static const char prefix[] = "/actions/";
    return x->config->actions_door && x->head->target != NULL &&
           strncmp(x->head->target, prefix, sizeof prefix - 1) == 0;
}

/* An operator's own route may lie there, too. */
static enum problem match(struct exchange *x)
{
    enum problem problem = route_match(x);
    const struct config_action *action = x->route == NULL ? find_action(x) : NULL;
    if (action == NULL)
        return problem;
    x->path_exists = true;
    if (strcmp(x->head->method, "POST") == 0)
        x->route = &action->route;
    return problem;
}

/* Who sends the cloud's own document has the cloud's own answer, without its envelope. */
static void reply(struct exchange *x, struct buf *space, struct door_content *content)
{
    rest_reply(x, space, content);
    if (x->problem != PROBLEM_NONE || x->own.status != 0 || x->route->document == NULL)
        return;
    content->bytes = x->answer.members.bytes;
    content->length = x->answer.members.length;
}

static enum problem accept_document(struct exchange *x)
{
    x->body_max = actions_body_max(x);
    return rest_accept(x);
}

const struct door actions_door = {
    .takes = takes,
    .accept = accept_document,
    .route = match,
    .builtins = true,
    .token = rest_token,
    .unauthenticated = "send a valid token as Authorization: Bearer <token>",
    .unrouted = rest_unrouted,
    .translate = build_call_request,
    .reply = reply,
};
