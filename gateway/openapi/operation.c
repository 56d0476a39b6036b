#include "gateway/openapi/operation.h"

#include "base/json.h"
#include "gateway/openapi/schema.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { WORDS_MAX = 2048 };

/* NULL: a generation that is described does not have it. */
static const struct config_wire *wire_of(const struct operation *operation, const struct config_param *param)
{
    return operation->api == OPERATION_BOTH ? NULL : &param->wire[operation->api];
}

static bool is_said(const struct operation *operation, const struct config_param *param)
{
    const struct config_wire *wire = wire_of(operation, param);
    return wire == NULL || wire->name != NULL;
}

/* ---- parameters ---- */

/* A phrase, and which generation has it where both are described. */
static void put_about(struct buf *out, const struct operation *operation, const struct config_param *param)
{
    struct buf words;
    buf_init(&words, WORDS_MAX);
    buf_put(&words, param->about == NULL ? param->name : param->about);
    if (operation->api == OPERATION_BOTH && param->wire[CONFIG_API3].name == NULL)
        buf_put(&words, " (API 2.0 only)");
    if (operation->api == OPERATION_BOTH && param->wire[CONFIG_API2].name == NULL)
        buf_put(&words, " (API 3.0 only)");
    json_member(out, "description", buf_text(&words));
    buf_done(&words);
}

static void open_parameter(struct buf *out, const struct operation *operation,
                           const struct config_param *param, const char *name, const char *in)
{
    json_open(out);
    json_member(out, "name", name);
    json_member(out, "in", in);
    put_about(out, operation, param);
}

/* The path's own name for it. */
static const char *capture_name(const struct operation *operation, const struct config_param *param)
{
    for (size_t i = 0; i < operation->route->segment_count; i++)
        if (operation->route->segments[i].capture &&
            strcmp(operation->route->segments[i].text, param->capture) == 0)
            return operation->leader->segments[i].text;
    return param->capture;
}

/* In a path a list has the one value that its segment is. */
static void put_path_parameter(struct buf *out, const struct operation *operation,
                               const struct config_param *param)
{
    open_parameter(out, operation, param, capture_name(operation, param), "path");
    json_member_bool(out, "required", true);
    schema_put_one(out, "schema", param, wire_of(operation, param), operation->hashed);
    json_close(out);
}

/* What can come in a body too is needed in neither. */
static void put_query_parameter(struct buf *out, const struct operation *operation,
                                const struct config_param *param)
{
    open_parameter(out, operation, param, param->name, "query");
    json_member_bool(out, "required", param->required && (param->sources & CONFIG_IN_BODY) == 0);
    if (param->type == CONFIG_STRINGS) {
        json_member(out, "style", "form"); /* a=1&a=2 */
        json_member_bool(out, "explode", true);
    }
    schema_put(out, "schema", param, wire_of(operation, param), operation->hashed);
    json_close(out);
}

static void put_reference(struct buf *out, const char *reference)
{
    json_open(out);
    json_member(out, "$ref", reference);
    json_close(out);
}

static void put_parameters(struct buf *out, const struct operation *operation)
{
    const struct config_route *route = operation->route;
    json_open_array(out, "parameters");
    for (size_t i = 0; i < route->param_count; i++) {
        const struct config_param *param = &route->params[i];
        if ((param->sources & CONFIG_IN_PATH) != 0)
            put_path_parameter(out, operation, param);
        if ((param->sources & CONFIG_IN_QUERY) != 0 && is_said(operation, param))
            put_query_parameter(out, operation, param);
    }
    if (route->list != NULL)
        put_reference(out, "#/components/parameters/all");
    put_reference(out, "#/components/parameters/region");
    if (route->task != NULL)
        put_reference(out, "#/components/parameters/prefer");
    if (route->effect == CONFIG_CHANGE)
        put_reference(out, "#/components/parameters/idempotencyKey");
    put_reference(out, "#/components/parameters/requestId");
    json_close_array(out);
}

/* ---- the body ---- */

static bool is_in_body(const struct operation *operation, const struct config_param *param)
{
    return (param->sources & CONFIG_IN_BODY) != 0 && is_said(operation, param);
}

/* Needed, unless the query can say everything that is needed. */
static bool needs_body(const struct operation *operation)
{
    for (size_t i = 0; i < operation->route->param_count; i++) {
        const struct config_param *param = &operation->route->params[i];
        if (param->required && param->sources == CONFIG_IN_BODY)
            return true;
    }
    return false;
}

static void put_required(struct buf *out, const struct operation *operation)
{
    json_open_array(out, "required");
    for (size_t i = 0; i < operation->route->param_count; i++)
        if (operation->route->params[i].required && is_in_body(operation, &operation->route->params[i]))
            json_element(out, operation->route->params[i].name);
    json_close_array(out);
}

static void put_body_schema(struct buf *out, const struct operation *operation)
{
    json_open_member(out, "schema");
    json_member(out, "type", "object");
    json_open_member(out, "properties");
    for (size_t i = 0; i < operation->route->param_count; i++) {
        const struct config_param *param = &operation->route->params[i];
        if (is_in_body(operation, param))
            schema_put(out, param->name, param, wire_of(operation, param), operation->hashed);
    }
    json_close(out);
    put_required(out, operation);
    json_member_bool(out, "additionalProperties", false);
    json_close(out);
}

static void put_body(struct buf *out, const struct operation *operation)
{
    bool any = false;
    for (size_t i = 0; i < operation->route->param_count; i++)
        any = any || is_in_body(operation, &operation->route->params[i]);
    if (!any)
        return;
    json_open_member(out, "requestBody");
    json_member_bool(out, "required", needs_body(operation));
    json_open_member(out, "content");
    json_open_member(out, "application/json");
    put_body_schema(out, operation);
    json_close(out);
    json_close(out);
    json_close(out);
}

/* ---- answers ---- */

static void put_member_type(struct buf *out, const char *name, const char *type, const char *other)
{
    json_open_member(out, name);
    if (other == NULL) {
        json_member(out, "type", type);
    } else {
        json_open_array(out, "type");
        json_element(out, type);
        json_element(out, other);
        json_close_array(out);
    }
    json_close(out);
}

/* How a task is, in the gateway's own words. */
static const char status_schema[] = "{\"type\":\"string\",\"enum\":[\"running\",\"done\",\"failed\"]}";

static bool tells_status(const struct config_route *route)
{
    return route->dialects[CONFIG_API2].status.from != NULL ||
           route->dialects[CONFIG_API3].status.from != NULL;
}

/* The cloud's own members are in it, too, and are not described: they are its to change. */
static void put_answer_members(struct buf *out, const struct config_route *route, bool status)
{
    if (route->list != NULL) {
        json_open_member(out, route->list);
        json_member_raw(out, "type", "[\"array\",\"null\"]"); /* some say null where there is none */
        json_open_member(out, "items");
        json_member(out, "type", "object");
        json_close(out);
        json_close(out);
        put_member_type(out, route->total, "integer", "string");
    }
    if (route->task != NULL)
        put_member_type(out, route->task, "integer", "string");
    if (status)
        json_member_raw(out, "status", status_schema);
}

static void put_answer_schema(struct buf *out, const struct config_route *route, bool status)
{
    json_open_member(out, "schema");
    json_member(out, "type", "object");
    json_open_member(out, "properties");
    put_answer_members(out, route, status);
    json_close(out);
    json_open_array(out, "required");
    if (route->list != NULL)
        json_element(out, route->list);
    if (route->task != NULL)
        json_element(out, route->task);
    if (status)
        json_element(out, "status");
    json_close_array(out);
    json_close(out);
}

static void put_headers(struct buf *out, const struct config_route *route)
{
    json_open_member(out, "headers");
    json_member_raw(out, "X-Request-Id", "{\"$ref\":\"#/components/headers/requestId\"}");
    if (route->effect == CONFIG_CHANGE)
        json_member_raw(out, "Idempotency-Replayed", "{\"$ref\":\"#/components/headers/replayed\"}");
    if (route->task != NULL) {
        json_member_raw(out, "Location", "{\"$ref\":\"#/components/headers/location\"}");
        json_member_raw(out, "Preference-Applied", "{\"$ref\":\"#/components/headers/preference\"}");
    }
    json_close(out);
}

/* `status`: the answer tells how a task is. */
static void put_success(struct buf *out, const struct config_route *route, long long code, bool status)
{
    char name[24];
    (void)snprintf(name, sizeof name, "%lld", code);
    json_open_member(out, name);
    json_member(out, "description",
                status ? "How the task is, and the cloud's answer" : "The cloud's answer");
    put_headers(out, route);
    if (code != 204) { /* which has no content */
        json_open_member(out, "content");
        json_open_member(out, "application/json");
        put_answer_schema(out, route, status);
        json_close(out);
        json_close(out);
    }
    json_close(out);
}

static void put_answers(struct buf *out, const struct config_route *route)
{
    static const char problem[] = "{\"$ref\":\"#/components/responses/problem\"}";
    static const char *const always[] = {"400", "401", "403", "404", "409",
                                         "429", "502", "503", "504", "default"};
    json_open_member(out, "responses");
    put_success(out, route, route->success, tells_status(route));
    if (route->task != NULL && route->success != 200) /* Prefer: wait, and the task's end came in time */
        put_success(out, route, 200, true);
    if (route->effect == CONFIG_CHANGE)
        json_member_raw(out, "207", problem);
    if (route->effect == CONFIG_CHANGE) /* the Idempotency-Key was another call's */
        json_member_raw(out, "422", problem);
    for (size_t i = 0; i < COUNT(always); i++)
        json_member_raw(out, always[i], problem);
    json_close(out);
}

/* ---- the operation ---- */

void operation_put_id(struct buf *out, const struct config_route *route, const struct config_route *leader)
{
    for (const char *c = route->method; *c != '\0'; c++)
        buf_put_char(out, (char)tolower((unsigned char)*c));
    for (size_t i = 0; i < leader->segment_count; i++)
        buf_put_format(out, "-%s", leader->segments[i].text);
}

static void put_id(struct buf *out, const struct operation *operation)
{
    struct buf id;
    buf_init(&id, WORDS_MAX);
    operation_put_id(&id, operation->route, operation->leader);
    json_member(out, "operationId", buf_text(&id));
    buf_done(&id);
}

/* Which action of the cloud it becomes, by the name that policies use, and, where it differs, the other
 * one. */
static void put_description(struct buf *out, const struct operation *operation)
{
    struct buf words;
    const struct config_route *route = operation->route;
    buf_init(&words, WORDS_MAX);
    buf_put_format(&words, "The action `%s` of the service `%s`.", route->action, route->service);
    for (int api = 0; api < CONFIG_APIS; api++) {
        const struct config_dialect *dialect = &route->dialects[api];
        bool shown = operation->api == OPERATION_BOTH || operation->api == api;
        if (shown && !dialect->supported)
            buf_put_format(&words, " API %d.0 has none such.", api + 2);
        else if (shown && strcmp(dialect->action, route->action) != 0)
            buf_put_format(&words, " In API %d.0 the cloud calls it `%s`.", api + 2, dialect->action);
    }
    json_member(out, "description", buf_text(&words));
    buf_done(&words);
}

void operation_put(struct buf *out, const struct operation *operation)
{
    char method[16];
    size_t length = strlen(operation->route->method);
    for (size_t i = 0; i <= length && i < sizeof method; i++)
        method[i] = (char)tolower((unsigned char)operation->route->method[i]);
    method[sizeof method - 1] = '\0';
    json_open_member(out, method);
    put_id(out, operation);
    json_open_array(out, "tags");
    json_element(out, operation->route->service);
    json_close_array(out);
    json_member(out, "summary",
                operation->route->summary == NULL ? operation->route->action : operation->route->summary);
    put_description(out, operation);
    put_parameters(out, operation);
    put_body(out, operation);
    put_answers(out, operation->route);
    json_close(out);
}
