#include "gateway/mcp/mcp_tools.h"

#include "auth/policy.h"
#include "base/digest.h"
#include "base/json/json.h"
#include "gateway/mcp/mcp_message.h"
#include "gateway/openapi/operation.h"
#include "gateway/schema/schema.h"

#include <stdlib.h>
#include <string.h>

extern const char mcp_tools_actions[]; /* action_tools.json, embedded by CMake */
extern const char mcp_tools_output[];  /* output.json */

enum {
    WORDS_MAX = 2048,
    NAME_DIGITS = 16, /* hex digits that tell two routes of one name apart: 64 bits */
};

struct tool {
    const struct config_route *route;
    char name[MCP_MESSAGE_NAME_MAX + 1];
    size_t at, length; /* {...} in `text` */
};

struct mcp_tools {
    const struct config *config;
    struct tool *items; /* in the order of the routes */
    const struct tool **by_name;
    size_t count;
    struct buf text;
};

/* ---- names ---- */

static int by_name(const void *left, const void *right)
{
    const struct tool *a = *(const struct tool *const *)left;
    const struct tool *b = *(const struct tool *const *)right;
    return strcmp(a->name, b->name);
}

static int by_key(const void *key, const void *item)
{
    return strcmp(key, (*(const struct tool *const *)item)->name);
}

/* A name that is too long, or another route's, too, ends with a digest of its route. */
static int make_name_unique(struct tool *tool)
{
    char digits[DIGEST_TEXT_SIZE];
    size_t most = MCP_MESSAGE_NAME_MAX - 1 - NAME_DIGITS;
    struct digest *digest = digest_new();
    digest_add(digest, tool->route->method, strlen(tool->route->method) + 1);
    digest_add(digest, tool->route->template, strlen(tool->route->template));
    if (digest_end(digest, digits) != 0)
        return -1;
    size_t length = strlen(tool->name) < most ? strlen(tool->name) : most;
    tool->name[length] = '-';
    memcpy(tool->name + length + 1, digits, NAME_DIGITS);
    tool->name[length + 1 + NAME_DIGITS] = '\0';
    return 0;
}

static int make_name(struct tool *tool)
{
    size_t length = strlen(tool->route->id);
    bool fits = length <= MCP_MESSAGE_NAME_MAX;
    memcpy(tool->name, tool->route->id, fits ? length : MCP_MESSAGE_NAME_MAX);
    return fits ? 0 : make_name_unique(tool);
}

static int index_names(struct mcp_tools *tools)
{
    for (size_t i = 0; i < tools->count; i++)
        tools->by_name[i] = &tools->items[i];
    qsort(tools->by_name, tools->count, sizeof *tools->by_name, by_name);
    for (size_t i = 1; i < tools->count; i++) {
        struct tool *tool = &tools->items[tools->by_name[i] - tools->items];
        if (strcmp(tools->by_name[i - 1]->name, tool->name) == 0 && make_name_unique(tool) != 0)
            return -1;
    }
    qsort(tools->by_name, tools->count, sizeof *tools->by_name, by_name);
    return 0;
}

static const struct tool *find(const struct mcp_tools *tools, const char *name)
{
    const struct tool *const *found =
        bsearch(name, tools->by_name, tools->count, sizeof *tools->by_name, by_key);
    return found == NULL ? NULL : *found;
}

/* ---- one tool ---- */

static const struct config_wire *wire_of(const struct mcp_tools *tools, const struct tool *tool,
                                         const struct config_param *param)
{
    return &param->wire[config_upstream(tools->config, tool->route->service)->api];
}

static void put_description(struct buf *out, const struct config_route *route)
{
    struct buf words;
    buf_init(&words, WORDS_MAX);
    buf_put_format(&words, "%s. The cloud's action `%s` of the service `%s`: it %s.",
                   route->summary == NULL ? route->action : route->summary, route->action, route->service,
                   route->effect == CONFIG_CHANGE   ? "changes something"
                   : route->effect == CONFIG_SECRET ? "reads something secret"
                                                    : "only reads");
    if (route->task != NULL)
        buf_put_format(&words, " It goes on as a task, which `%s` names.", route->task);
    json_member(out, "description", buf_text(&words));
    buf_done(&words);
}

/* What of a request is no parameter of the action. */
static void put_own(struct buf *out, const struct config_route *route)
{
    json_member_raw(
        out, "region",
        "{\"type\":\"string\",\"minLength\":1,\"maxLength\":64,\"description\":\"The cloud's region; "
        "without it, the one that the operator chose\"}");
    if (route->list != NULL)
        json_member_raw(out, "all",
                        "{\"type\":\"boolean\",\"description\":\"Fetch every page and answer one list\"}");
    if (route->task != NULL)
        json_member_raw(
            out, "wait",
            "{\"type\":\"integer\",\"minimum\":0,\"description\":\"Seconds to wait for the end of "
            "the task: more than 60 count as 60\"}");
    if (route->effect == CONFIG_CHANGE)
        json_member_raw(
            out, "idempotencyKey",
            "{\"type\":\"string\",\"minLength\":1,\"maxLength\":255,\"pattern\":\"^[!-~]+$\","
            "\"description\":\"A name that you make for this change: repeated under it, it is sent "
            "once, and its answer given again\"}");
}

static void put_input(struct buf *out, const struct mcp_tools *tools, const struct tool *tool)
{
    const struct config_route *route = tool->route;
    bool hashed = config_upstream(tools->config, route->service)->scheme == CONFIG_TC3;
    json_open_member(out, "inputSchema");
    json_member(out, "type", "object");
    json_open_member(out, "properties");
    for (size_t i = 0; i < route->param_count; i++) {
        const struct config_param *param = &route->params[i];
        const struct config_wire *wire = wire_of(tools, tool, param);
        if ((param->sources & CONFIG_IN_PATH) != 0) /* a list has the one value that its segment is */
            schema_put_one(out, param->name, param, wire, hashed);
        else if (wire->name != NULL)
            schema_put(out, param->name, param, wire, hashed);
    }
    put_own(out, route);
    json_close(out);
    json_open_array(out, "required");
    for (size_t i = 0; i < route->param_count; i++)
        if (route->params[i].required || (route->params[i].sources & CONFIG_IN_PATH) != 0)
            json_element(out, route->params[i].name);
    json_close_array(out);
    json_member_bool(out, "additionalProperties", false);
    json_close(out);
}

static void put_annotations(struct buf *out, const struct config_route *route)
{
    bool change = route->effect == CONFIG_CHANGE;
    json_open_member(out, "annotations");
    json_member_bool(out, "readOnlyHint", !change);
    json_member_bool(out, "destructiveHint", change);
    json_member_bool(out, "idempotentHint", !change);
    json_close(out);
}

static void put_tool(struct mcp_tools *tools, struct tool *tool)
{
    struct buf *out = &tools->text;
    buf_put_char(out, '\n'); /* else a brace would be one more of a list's: see json.h */
    tool->at = out->length;
    json_open(out);
    json_member(out, "name", tool->name);
    json_member(out, "title", tool->route->summary == NULL ? tool->route->action : tool->route->summary);
    put_description(out, tool->route);
    put_input(out, tools, tool);
    put_annotations(out, tool->route);
    json_member_raw(out, "outputSchema", mcp_tools_output);
    json_close(out);
    tool->length = out->length - tool->at;
}

/* ---- all of them ---- */

static bool is_served(const struct config *config, const struct config_route *route)
{
    const struct config_upstream *upstream = config_upstream(config, route->service);
    return upstream != NULL && route->dialects[upstream->api].supported;
}

static int prepare(struct mcp_tools *tools, struct err *err)
{
    const struct config *config = tools->config;
    for (size_t i = 0; i < config->route_count; i++) {
        struct tool *tool = &tools->items[tools->count];
        tool->route = &config->routes[i];
        if (!is_served(config, tool->route))
            continue;
        if (make_name(tool) != 0)
            return err_memory(err);
        tools->count++;
    }
    if (index_names(tools) != 0)
        return err_memory(err);
    for (size_t i = 0; i < tools->count; i++)
        put_tool(tools, &tools->items[i]);
    if (tools->text.failed)
        return err_set(err, ERR_LIMIT,
                       "the MCP tools of %zu routes would have more than %d bytes, or memory is out: fewer "
                       "routes, or shorter phrases",
                       tools->count, MCP_TOOLS_MAX);
    return 0;
}

struct mcp_tools *mcp_tools_new(const struct config *config, struct err *err)
{
    struct mcp_tools *tools = calloc(1, sizeof *tools);
    if (tools == NULL) {
        err_memory(err);
        return NULL;
    }
    tools->config = config;
    buf_init(&tools->text, MCP_TOOLS_MAX);
    tools->items = calloc(config->route_count + 1, sizeof *tools->items);
    tools->by_name = calloc(config->route_count + 1, sizeof(struct tool *));
    if (tools->items == NULL || tools->by_name == NULL)
        err_memory(err);
    else if (prepare(tools, err) == 0)
        return tools;
    mcp_tools_free(tools);
    return NULL;
}

void mcp_tools_free(struct mcp_tools *tools)
{
    if (tools == NULL)
        return;
    free(tools->items);
    free(tools->by_name);
    buf_done(&tools->text);
    free(tools);
}

const struct config_route *mcp_tools_route(const struct mcp_tools *tools, const char *name)
{
    const struct tool *tool = find(tools, name);
    return tool == NULL ? NULL : tool->route;
}

static bool may_use(const struct mcp_tools_view *view, const struct tool *tool)
{
    return policy_may(view->client, tool->route, view->source, view->now);
}

/* The items of the embedded array. */
static void put_action_tools(struct buf *out)
{
    const char *start = strchr(mcp_tools_actions, '[') + 1;
    buf_put_bytes(out, start, (size_t)(strrchr(start, ']') - start));
}

int mcp_tools_put(struct buf *out, const struct mcp_tools *tools, const struct mcp_tools_view *view,
                  const char *cursor)
{
    const struct tool *before = cursor == NULL ? NULL : find(tools, cursor);
    const struct tool *last = before;
    size_t i = before == NULL ? 0 : (size_t)(before - tools->items) + 1;
    const char *separator = "";
    if (cursor != NULL && before == NULL)
        return -1;
    json_open_array(out, "tools");
    for (size_t count = 0; i < tools->count && count < MCP_TOOLS_PAGE; i++) {
        const struct tool *tool = &tools->items[i];
        if (!may_use(view, tool))
            continue;
        buf_put(out, separator);
        buf_put_bytes(out, buf_text(&tools->text) + tool->at, tool->length);
        separator = ",";
        last = tool;
        count++;
    }
    bool more = false;
    for (size_t j = i; j < tools->count && !more; j++)
        more = may_use(view, &tools->items[j]);
    if (!more && tools->config->actions_door) {
        buf_put(out, separator);
        put_action_tools(out);
    }
    json_close_array(out);
    if (more)
        json_member(out, "nextCursor", last->name);
    return 0;
}
