#include "gateway/openapi/operation.h"

#include "base/json/json.h"
#include "gateway/openapi/answers.h"
#include "gateway/schema/example.h"
#include "gateway/schema/schema.h"

#include <ctype.h>
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
    example_put_one(out, "example", param);
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
    example_put(out, "example", param);
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
    if (route->task != NULL || answers_tell_status(route))
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

/* What is needed; where nothing is, everything. */
static void put_body_example(struct buf *out, const struct operation *operation)
{
    bool needed = false;
    const struct config_route *route = operation->route;
    for (size_t i = 0; i < route->param_count; i++)
        needed = needed || (route->params[i].required && is_in_body(operation, &route->params[i]));
    json_open_member(out, "example");
    for (size_t i = 0; i < route->param_count; i++)
        if (is_in_body(operation, &route->params[i]) && (route->params[i].required || !needed))
            example_put(out, route->params[i].name, &route->params[i]);
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
    put_body_example(out, operation);
    json_close(out);
    json_close(out);
    json_close(out);
}

/* ---- the operation ---- */

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
    json_member(out, "operationId", operation->route->id);
    json_open_array(out, "tags");
    json_element(out, operation->route->service);
    json_close_array(out);
    json_member(out, "summary",
                operation->route->summary == NULL ? operation->route->action : operation->route->summary);
    put_description(out, operation);
    put_parameters(out, operation);
    put_body(out, operation);
    answers_put(out, operation);
    json_close(out);
}
