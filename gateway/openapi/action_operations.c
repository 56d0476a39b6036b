#include "gateway/openapi/action_operations.h"

#include "auth/policy.h"
#include "base/json/json.h"
#include "config/definitions/paging.h"
#include "gateway/schema/definition_schema.h"

#include <stdio.h>
#include <string.h>

enum { NAME_SIZE = CONFIG_SERVICE_MAX + DEFINITIONS_NAME_MAX + 64 };

/* All of them on their way. */
struct writing {
    const struct config *config;
    const struct action_operations_query *query;
    struct arena *arena;
    struct buf paths, schemas;
    bool *services;
};

/* ---- names ---- */

/* Objects of one name are others in another version: the newest one's have the short prefix. */
static void put_prefix(struct buf *out, const struct config *config, const struct config_service *service)
{
    const struct config_service *next = service + 1;
    bool newest = next == config->services + config->service_count || next->upstream != service->upstream;
    buf_put(out, service->upstream->name);
    buf_put_char(out, '.');
    if (!newest)
        buf_put_format(out, "%s.", service->definitions->version);
}

/* ---- one action ---- */

static void put_reference(struct buf *out, const char *reference)
{
    json_open(out);
    json_member(out, "$ref", reference);
    json_close(out);
}

static void put_parameters(struct buf *out, const struct config_action *action)
{
    struct paging paging;
    json_open_array(out, "parameters");
    if (action->route.effect != CONFIG_CHANGE && paging_find(action->definition, &paging))
        put_reference(out, "#/components/parameters/all");
    put_reference(out, "#/components/parameters/region");
    if (action->route.task != NULL || config_tells_status(&action->route))
        put_reference(out, "#/components/parameters/prefer");
    if (action->route.effect == CONFIG_CHANGE)
        put_reference(out, "#/components/parameters/idempotencyKey");
    put_reference(out, "#/components/parameters/requestId");
    json_close_array(out);
}

static void put_body(struct buf *out, const struct config_action *action, const char *at)
{
    char reference[NAME_SIZE];
    const struct definitions_object *input = action->definition->input;
    (void)snprintf(reference, sizeof reference, "%s%s", at, input->name);
    json_open_member(out, "requestBody");
    json_member_bool(out, "required", input->required_count > 0);
    json_open_member(out, "content");
    json_open_member(out, "application/json");
    json_open_member(out, "schema");
    json_member(out, "$ref", reference);
    json_close(out);
    json_close(out);
    json_close(out);
    json_close(out);
}

/* The schema of the answer is at the same path, by GET: with those of all actions a document would have three
 * times the bytes. */
static void put_answers(struct buf *out)
{
    json_open_member(out, "responses");
    json_member_raw(out, "200",
                    "{\"description\":\"The cloud's answer\",\"content\":{\"application/json\":{\"schema\":"
                    "{\"type\":\"object\"}}}}");
    json_member_raw(out, "400", "{\"$ref\":\"#/components/responses/invalid\"}");
    json_member_raw(out, "default", "{\"$ref\":\"#/components/responses/problem\"}");
    json_close(out);
}

static void put_operation(struct buf *out, const struct config_action *action, const char *at)
{
    char text[2 * NAME_SIZE];
    const char *service = action->upstream->name;
    const char *name = action->definition->name;
    (void)snprintf(text, sizeof text, "/actions/%s/%s", service, name);
    json_open_member(out, text);
    json_open_member(out, "post");
    (void)snprintf(text, sizeof text, "%s.%s", service, name);
    json_member(out, "operationId", text);
    json_open_array(out, "tags");
    json_element(out, service);
    json_close_array(out);
    json_member(out, "summary", name);
    json_member(out, "x-action",
                action->route.action); /* as rules and /whoami name it: a route's, if it has one */
    (void)snprintf(text, sizeof text, "Version %s, effect: %s.", action->route.dialects[CONFIG_API3].version,
                   config_effect_name(action->route.effect));
    json_member(out, "description", text);
    if (action->definition->status != DEFINITIONS_ONLINE)
        json_member_bool(out, "deprecated", true);
    put_parameters(out, action);
    put_body(out, action, at);
    put_answers(out);
    json_close(out);
    json_close(out);
}

/* ---- services ---- */

static bool is_asked_for(const struct writing *w, const struct config_action *action)
{
    const struct action_operations_query *query = w->query;
    const char *service = action->upstream->name;
    return config_action(w->config, service, action->definition->name, NULL) == action &&
           (query->client == NULL || policy_may(query->client, &action->route, query->source, query->now));
}

static bool is_full(const struct writing *w)
{
    return w->paths.failed || w->schemas.failed ||
           w->paths.length + w->schemas.length > ACTION_OPERATIONS_MAX;
}

/* An action that an older version has, too, is that of the newest: what a call without `version` is for.
 * Where there is no more room it is only told that the service has some. */
static int write_service(struct writing *w, const struct config_service *service, bool *any)
{
    char at[NAME_SIZE];
    struct buf prefix;
    struct definition_schema schema;
    const char *root = "#/components/schemas/";
    buf_init_in(&prefix, at, sizeof at);
    buf_put(&prefix, root);
    put_prefix(&prefix, w->config, service);
    if (prefix.failed || definition_schema_begin(&schema, service->definitions, w->arena) != 0)
        return -1;
    for (size_t i = 0; i < service->definitions->action_count && !(*any && is_full(w)); i++) {
        const struct config_action *action = &service->actions[i];
        if (!is_asked_for(w, action))
            continue;
        *any = true;
        if (!is_full(w)) {
            put_operation(&w->paths, action, at);
            definition_schema_reach(&schema, action->definition->input);
        }
    }
    if (!is_full(w))
        definition_schema_put(&w->schemas, &schema, at + strlen(root), at);
    return 0;
}

static int write_services(struct writing *w)
{
    const struct config *config = w->config;
    w->services = arena_array(w->arena, config->service_count + 1, sizeof *w->services);
    if (w->services == NULL)
        return -1;
    for (size_t i = 0; i < config->service_count; i++)
        if ((w->query->service == NULL ||
             strcmp(w->query->service, config->services[i].upstream->name) == 0) &&
            write_service(w, &config->services[i], &w->services[i]) != 0)
            return -1;
    return 0;
}

/* Without the brace that lets the first begin without a comma. */
static const char *keep(struct arena *arena, const struct buf *text, size_t *length)
{
    *length = text->length - 1;
    return arena_copy(arena, text->bytes + 1, *length);
}

int action_operations_write(struct action_operations *operations, const struct config *config,
                            const struct action_operations_query *query, struct arena *arena)
{
    struct writing w = {.config = config, .query = query, .arena = arena};
    *operations = (struct action_operations){0};
    if (!config->actions_door)
        return 0;
    buf_init(&w.paths, ACTION_OPERATIONS_MAX);
    buf_init(&w.schemas, ACTION_OPERATIONS_MAX);
    buf_put_char(&w.paths, '{');
    buf_put_char(&w.schemas, '{');
    int result = write_services(&w);
    operations->services = w.services;
    operations->left_out = is_full(&w);
    if (result == 0 && !operations->left_out) {
        operations->paths = keep(arena, &w.paths, &operations->paths_length);
        operations->schemas = keep(arena, &w.schemas, &operations->schemas_length);
        result = operations->paths == NULL || operations->schemas == NULL ? -1 : 0;
    }
    buf_done(&w.paths);
    buf_done(&w.schemas);
    return result;
}
