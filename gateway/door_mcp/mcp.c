#include "gateway/door_mcp/mcp.h"

#include "gateway/call/idempotency.h"
#include "gateway/call/task_wait.h"
#include "gateway/exchange/shared.h"
#include "gateway/mcp/mcp_answer.h"
#include "gateway/mcp/mcp_tools.h"
#include "gateway/door/actions.h"
#include "gateway/translate/build_call.h"
#include "gateway/door/cors.h"
#include "gateway/door_mcp/mcp_actions.h"
#include "gateway/door_mcp/mcp_reply.h"
#include "gateway/door/rest.h"

#include <string.h>

/* ---- before the message ---- */

static bool takes(const struct exchange *x)
{
    return x->config->mcp_door && x->head->target != NULL && strcmp(x->head->target, "/mcp") == 0;
}

/* A page that a browser was tricked into showing must not reach a server of its user's network. */
static enum problem accept_message(struct exchange *x)
{
    if (!cors_may_call(x))
        return exchange_stop(x, PROBLEM_NOT_ALLOWED,
                             "pages of this origin may not call: see browsers.origins in the configuration");
    x->body_max = x->config->actions_door ? (size_t)x->config->body_max : REQUEST_BODY_MAX;
    return rest_accept(x);
}

static enum problem match(struct exchange *x)
{
    x->path_exists = true;
    return PROBLEM_NONE;
}

static enum problem check_request(struct exchange *x)
{
    if (strcmp(x->head->method, "POST") != 0)
        return exchange_stop(x, PROBLEM_METHOD_NOT_ALLOWED, "this path takes POST alone");
    if (x->target.pair_count > 0)
        return exchange_stop(x, PROBLEM_INVALID_PARAMETER, "/mcp has no query keys");
    return PROBLEM_NONE;
}

/* ---- a tool's call ---- */

static enum problem wrong_argument(struct exchange *x, const char *name, const char *reason)
{
    return exchange_stop(x, PROBLEM_INVALID_PARAMETER, "%s %s", name, reason);
}

/* As a query key, which it is at other doors. */
static enum problem add_pair(struct exchange *x, const char *name, const char *value)
{
    if (value == NULL)
        return exchange_fail(x);
    x->target.pairs[x->target.pair_count++] = (struct target_pair){name, value};
    return PROBLEM_NONE;
}

enum problem mcp_read_region(struct exchange *x, const struct json_value *value)
{
    bool exact = true;
    if (value->kind != JSON_VALUE_STRING)
        return wrong_argument(x, "region", "must be a string");
    const char *text = json_value_text(value, SIZE_MAX, x->arena, &exact);
    return exact ? add_pair(x, "region", text) : wrong_argument(x, "region", "is none of the cloud's");
}

static enum problem read_all(struct exchange *x, const struct json_value *value)
{
    if (value->kind != JSON_VALUE_TRUE && value->kind != JSON_VALUE_FALSE)
        return wrong_argument(x, "all", "must be true or false");
    return add_pair(x, "all", value->kind == JSON_VALUE_TRUE ? "true" : "false");
}

static enum problem read_wait(struct exchange *x, const struct json_value *value)
{
    long long seconds;
    if (value->kind != JSON_VALUE_NUMBER || json_value_integer(value, &seconds) != 0 || seconds < 0)
        return wrong_argument(x, "wait", "must be a whole number of seconds");
    x->wait_s = seconds < TASK_WAIT_WAIT_MAX_S ? (int)seconds : TASK_WAIT_WAIT_MAX_S;
    return PROBLEM_NONE;
}

enum problem mcp_read_key(struct exchange *x, const struct json_value *value)
{
    bool exact = true;
    if (value->kind != JSON_VALUE_STRING)
        return wrong_argument(x, "idempotencyKey", "must be a string");
    const char *text = json_value_text(value, SIZE_MAX, x->arena, &exact);
    return text == NULL ? exchange_fail(x) : idempotency_take(x, "idempotencyKey", text, strlen(text));
}

/* What of the arguments is no parameter of the action. */
enum { OWN_REGION, OWN_ALL, OWN_WAIT, OWN_KEY, OWN_ARGUMENTS };

struct own {
    const char *names[OWN_ARGUMENTS + 1]; /* those that the tool has, ended by NULL */
    enum problem (*read[OWN_ARGUMENTS])(struct exchange *x, const struct json_value *value);
    bool seen[OWN_ARGUMENTS];
};

static struct own own_of(const struct config_route *route)
{
    size_t count = 0;
    struct own own = {0};
    own.names[count] = "region";
    own.read[count++] = mcp_read_region;
    if (route->list != NULL) {
        own.names[count] = "all";
        own.read[count++] = read_all;
    }
    if (route->task != NULL) {
        own.names[count] = "wait";
        own.read[count++] = read_wait;
    }
    if (route->effect == CONFIG_CHANGE) {
        own.names[count] = "idempotencyKey";
        own.read[count++] = mcp_read_key;
    }
    return own;
}

static enum problem read_own(struct exchange *x, struct own *own, const struct json_value *argument)
{
    for (size_t i = 0; own->names[i] != NULL; i++) {
        if (!json_value_has_key(argument, own->names[i]))
            continue;
        if (own->seen[i])
            return wrong_argument(x, own->names[i], "is given more than once");
        own->seen[i] = true;
        return own->read[i](x, argument);
    }
    return PROBLEM_NONE; /* a parameter, or unknown */
}

static enum problem call_route(struct exchange *x, const struct json_value *arguments)
{
    struct own own = own_of(x->route);
    enum problem problem = PROBLEM_NONE;
    struct json_items items = json_value_items(arguments);
    for (struct json_value item; problem == PROBLEM_NONE && json_value_next(&items, &item);)
        problem = read_own(x, &own, &item);
    if (problem == PROBLEM_NONE)
        problem = idempotency_read(x); /* before now nobody knew that it is a change */
    return problem != PROBLEM_NONE ? problem : build_call_arguments(x, arguments, own.names);
}

/* Also one that this token may not use: the policy tells why, as at every door. */
static enum problem call_tool(struct exchange *x, struct mcp_message *message)
{
    x->target.pairs = arena_array(x->arena, OWN_ARGUMENTS, sizeof *x->target.pairs);
    if (x->target.pairs == NULL)
        return exchange_fail(x);
    if (x->config->actions_door && strcmp(message->name, MCP_TOOLS_FIND) == 0)
        return mcp_actions_find(x, &message->arguments);
    if (x->config->actions_door && strcmp(message->name, MCP_TOOLS_CALL) == 0)
        return mcp_actions_call(x, &message->arguments);
    x->route = mcp_tools_route(x->snapshot->tools, message->name);
    if (x->route != NULL && x->body_length > REQUEST_BODY_MAX)
        return exchange_stop(x, PROBLEM_CONTENT_TOO_LARGE, "a call of a route may have at most %d bytes",
                             REQUEST_BODY_MAX);
    if (x->route != NULL)
        return call_route(x, &message->arguments);
    message->code = MCP_INVALID_PARAMS;
    message->status = 200;
    return exchange_stop(x, PROBLEM_NO_SUCH_ROUTE, "there is no such tool: ask tools/list");
}

void mcp_name_route(struct exchange *x)
{
    const struct mcp_message *message = x->mcp;
    if (message->method != MCP_CALL_TOOL)
        return;
    if (x->config->actions_door && strcmp(message->name, MCP_TOOLS_CALL) == 0)
        x->route = mcp_actions_route(x, &message->arguments);
    else
        x->route = mcp_tools_route(x->snapshot->tools, message->name);
}

/* ---- the other methods ---- */

static enum problem list_tools(struct exchange *x, struct mcp_message *message)
{
    struct buf out;
    const struct mcp_tools_view view = {
        .client = x->client, .source = &x->address, .now = x->began_ms / 1000};
    buf_init(&out, MCP_TOOLS_MAX);
    mcp_answer_open(&out, message);
    int result = mcp_tools_put(&out, x->snapshot->tools, &view, message->cursor);
    mcp_answer_put_caching(&out, message);
    mcp_answer_close(&out);
    if (result == 0)
        return actions_keep(x, &out);
    buf_done(&out);
    message->code = MCP_INVALID_PARAMS;
    message->status = 200;
    return exchange_stop(x, PROBLEM_INVALID_PARAMETER, "this cursor is no longer good: list from the first");
}

static enum problem tell_server(struct exchange *x, const struct mcp_message *message)
{
    struct buf out;
    buf_init(&out, MCP_TOOLS_MAX);
    mcp_answer_put_server(&out, message);
    return actions_keep(x, &out);
}

enum problem mcp_read(struct exchange *x, struct err *err)
{
    struct mcp_message *message = arena_alloc(x->arena, sizeof *message);
    if (message == NULL)
        return exchange_fail(x);
    int result =
        mcp_message_read(message, x->head, x->body == NULL ? "" : x->body, x->body_length, x->arena, err);
    if (result != 0 && err->kind == ERR_MEMORY)
        return exchange_fail(x);
    x->mcp = message;
    if (result == 0)
        return PROBLEM_NONE;
    return message->code == MCP_METHOD_NOT_FOUND ? PROBLEM_NO_SUCH_ROUTE : PROBLEM_INVALID_PARAMETER;
}

static enum problem translate(struct exchange *x)
{
    enum problem problem = mcp_read(x, &x->err);
    struct mcp_message *message = x->mcp;
    if (problem != PROBLEM_NONE)
        return problem;
    if (message->method == MCP_CALL_TOOL)
        return call_tool(x, message);
    if (message->method == MCP_LIST_TOOLS)
        return list_tools(x, message);
    if (message->method != MCP_NOTIFICATION)
        return tell_server(x, message);
    x->own = (struct exchange_own){.status = 202, .bytes = ""};
    return PROBLEM_NONE;
}

const struct door mcp_door = {
    .name = "mcp",
    .takes = takes,
    .accept = accept_message,
    .route = match,
    .methods = "POST",
    .token = rest_token,
    .unauthenticated = "send a valid token as Authorization: Bearer <token>",
    .unrouted = check_request,
    .translate = translate,
    .reply = mcp_reply_write,
};
