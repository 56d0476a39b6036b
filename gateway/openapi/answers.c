#include "gateway/openapi/answers.h"

#include "base/json/json.h"
#include "gateway/openapi/answer_types.h"

#include <stdio.h>

/* One of an operation's answers. */
struct shape {
    const struct operation *operation;
    bool status; /* it tells how a task is */
    bool whole;  /* it has what the route returns */
};

/* ---- schemas ---- */

/* How a task is, in the gateway's own words. */
static const char status_schema[] = "{\"type\":\"string\",\"enum\":[\"running\",\"done\",\"failed\"],"
                                    "\"description\":\"How the task is\"}";

bool answers_tell_status(const struct config_route *route)
{
    return route->dialects[CONFIG_API2].status.from != NULL ||
           route->dialects[CONFIG_API3].status.from != NULL;
}

/* Numbers of API 2.0 come as strings, too: official samples have both. */
static void put_number(struct buf *out, const char *name, const char *about)
{
    json_open_member(out, name);
    json_member_raw(out, "type", "[\"integer\",\"string\"]");
    json_member(out, "description", about);
    json_close(out);
}

static const char *list_of(const struct config_route *route)
{
    return route->list != NULL ? route->list : route->single;
}

static void put_list(struct buf *out, const struct config_route *route)
{
    json_open_member(out, list_of(route));
    json_member(out, "type", "array");
    if (route->returns != NULL)
        answer_types_put_reference(out, "items", route->returns);
    else
        json_member_raw(out, "items", "{}"); /* the catalog does not say */
    json_close(out);
    if (route->total != NULL)
        put_number(out, route->total, "Entries of the whole list");
    if (route->next == NULL)
        return;
    json_open_member(out, route->next);
    json_member_raw(out, "type", "[\"integer\",\"string\",\"null\"]");
    json_member(out, "description",
                "The token of the next page; the last has none, or says that it is the last");
    json_close(out);
}

/* API 3.0 names a task by a text. */
static void put_task(struct buf *out, const struct operation *operation)
{
    static const char about[] = "The task: what the path of GET /tasks/{taskId} takes";
    if (operation->api != CONFIG_API3) {
        put_number(out, operation->route->task, about);
        return;
    }
    json_open_member(out, operation->route->task);
    json_member(out, "type", "string");
    json_member(out, "description", about);
    json_close(out);
}

/* The envelope of API 2.0, in which answers of 3.0 come, too. */
static void put_envelope(struct buf *out, const struct operation *operation)
{
    json_member_raw(out, "code", "{\"type\":[\"integer\",\"string\"],\"description\":\"0\"}");
    json_member_raw(out, "message", "{\"type\":\"string\"}");
    if (operation->api != CONFIG_API2)
        json_member_raw(out, "requestId",
                        "{\"type\":\"string\",\"description\":\"The cloud's own name of the request\"}");
}

static void put_properties(struct buf *out, const struct shape *shape)
{
    const struct config_route *route = shape->operation->route;
    json_open_member(out, "properties");
    if (shape->status)
        json_member_raw(out, "status", status_schema);
    put_envelope(out, shape->operation);
    if (list_of(route) != NULL)
        put_list(out, route);
    else if (shape->whole && route->returns != NULL)
        answer_types_put_members(out, route->returns, answer_types_of(shape->operation->api));
    if (route->task != NULL)
        put_task(out, shape->operation);
    json_close(out);
}

static void put_required(struct buf *out, const struct shape *shape)
{
    const struct config_route *route = shape->operation->route;
    json_open_array(out, "required");
    if (shape->status)
        json_element(out, "status");
    if (list_of(route) != NULL)
        json_element(out, list_of(route));
    else if (shape->whole && route->returns != NULL)
        answer_types_put_required(out, route->returns, answer_types_of(shape->operation->api));
    if (route->task != NULL)
        json_element(out, route->task);
    json_close_array(out);
}

static void put_schema(struct buf *out, const struct shape *shape)
{
    json_open_member(out, "schema");
    json_member(out, "type", "object");
    put_properties(out, shape);
    put_required(out, shape);
    json_close(out);
}

/* ---- examples ---- */

static void put_list_example(struct buf *out, const struct operation *operation)
{
    const struct config_route *route = operation->route;
    json_open_array(out, list_of(route));
    if (route->returns != NULL) {
        json_open(out);
        answer_types_put_example(out, route->returns, answer_types_of(operation->api));
        json_close(out);
    }
    json_close_array(out);
    if (route->total != NULL)
        json_member_int(out, route->total, route->returns != NULL);
}

static void put_example(struct buf *out, const struct shape *shape)
{
    const struct operation *operation = shape->operation;
    const struct config_route *route = operation->route;
    json_open_member(out, "example");
    if (shape->status)
        json_member(out, "status", "done");
    json_member_int(out, "code", 0);
    json_member(out, "message", "");
    if (list_of(route) != NULL)
        put_list_example(out, operation);
    else if (shape->whole && route->returns != NULL)
        answer_types_put_example(out, route->returns, answer_types_of(operation->api));
    if (route->task != NULL && operation->api == CONFIG_API3)
        json_member(out, route->task, "7b0f6a52-8f0d-4c61-9c2e-1d2b3a4c5d6e");
    else if (route->task != NULL)
        json_member_int(out, route->task, 3405);
    json_close(out);
}

/* ---- answers ---- */

static void put_headers(struct buf *out, const struct config_route *route)
{
    json_open_member(out, "headers");
    json_member_raw(out, "X-Request-Id", "{\"$ref\":\"#/components/headers/requestId\"}");
    if (route->effect == CONFIG_CHANGE)
        json_member_raw(out, "Idempotency-Replayed", "{\"$ref\":\"#/components/headers/replayed\"}");
    if (route->list != NULL)
        json_member_raw(out, "Link", "{\"$ref\":\"#/components/headers/link\"}");
    if (answers_tell_status(route)) {
        json_member_raw(out, "Retry-After", "{\"$ref\":\"#/components/headers/retryAfter\"}");
        json_member_raw(out, "Preference-Applied", "{\"$ref\":\"#/components/headers/preference\"}");
    }
    if (route->task != NULL) {
        json_member_raw(out, "Location", "{\"$ref\":\"#/components/headers/location\"}");
        json_member_raw(out, "Preference-Applied", "{\"$ref\":\"#/components/headers/preference\"}");
    }
    json_close(out);
}

static void put_success(struct buf *out, const struct shape *shape, long long code)
{
    char name[24];
    (void)snprintf(name, sizeof name, "%lld", code);
    json_open_member(out, name);
    json_member(out, "description",
                shape->status ? "How the task is, and the cloud's answer" : "The cloud's answer");
    put_headers(out, shape->operation->route);
    if (code != 204) { /* which has no content */
        json_open_member(out, "content");
        json_open_member(out, "application/json");
        put_schema(out, shape);
        put_example(out, shape);
        json_close(out);
        json_close(out);
    }
    json_close(out);
}

static void put_problems(struct buf *out, const struct config_route *route)
{
    static const struct {
        const char *status, *name;
        bool change; /* of a change alone */
    } problems[] = {{"400", "invalid", false}, {"401", "unauthenticated", false}, {"403", "denied", false},
                    {"404", "missing", false}, {"409", "conflict", false},        {"422", "keyReused", true},
                    {"429", "limited", false}, {"502", "failed", false},          {"503", "busy", false},
                    {"504", "timeout", false}, {"default", "problem", false}};
    for (size_t i = 0; i < COUNT(problems); i++) {
        char reference[64];
        (void)snprintf(reference, sizeof reference, "#/components/responses/%s", problems[i].name);
        if (problems[i].change && route->effect != CONFIG_CHANGE)
            continue;
        json_open_member(out, problems[i].status);
        json_member(out, "$ref", reference);
        json_close(out);
    }
}

void answers_put(struct buf *out, const struct operation *operation)
{
    const struct config_route *route = operation->route;
    struct shape shape = {.operation = operation, .status = answers_tell_status(route), .whole = true};
    json_open_member(out, "responses");
    put_success(out, &shape, route->success);
    shape = (struct shape){.operation = operation, .status = true};
    if (route->task != NULL && route->success != 200) /* Prefer: wait, and the task's end came in time */
        put_success(out, &shape, 200);
    put_problems(out, route);
    json_close(out);
}
