#include "gateway/door_mcp/mcp_actions.h"

#include "base/json/json.h"
#include "gateway/call/idempotency.h"
#include "gateway/door/actions.h"
#include "gateway/translate/build_call.h"
#include "gateway/door_mcp/mcp.h"

#include <string.h>
#include <strings.h>

/* ---- arguments ---- */

struct said {
    const char *service, *action, *version, *contains; /* NULL: not said */
    struct json_value region, document, key;
};

static enum problem wrong(struct exchange *x, const char *name, const char *reason)
{
    return exchange_stop(x, PROBLEM_INVALID_PARAMETER, "%s %s", name, reason);
}

static enum problem read_text(struct exchange *x, const char *name, const struct json_value *value,
                              const char **text)
{
    bool exact = true;
    if (*text != NULL)
        return wrong(x, name, "is given more than once");
    if (value->kind != JSON_VALUE_STRING)
        return wrong(x, name, "must be a string");
    *text = json_value_text(value, SIZE_MAX, x->arena, &exact);
    if (*text == NULL)
        return exchange_fail(x);
    return exact ? PROBLEM_NONE
                 : wrong(x, name, "holds U+0000 or half of a surrogate pair, which no text can");
}

static enum problem read_value(struct exchange *x, const char *name, const struct json_value *value,
                               struct json_value *place)
{
    if (place->kind != JSON_VALUE_NONE)
        return wrong(x, name, "is given more than once");
    *place = *value;
    return PROBLEM_NONE;
}

/* find_action looks for `contains`, call_action has `region` and `document`. */
static enum problem read_argument(struct exchange *x, const struct json_value *item, bool calls,
                                  struct said *said)
{
    const struct {
        const char *name;
        const char **text;
        struct json_value *value;
        bool there;
    } known[] = {{"service", &said->service, NULL, true},    {"action", &said->action, NULL, true},
                 {"version", &said->version, NULL, true},    {"contains", &said->contains, NULL, !calls},
                 {"region", NULL, &said->region, calls},     {"document", NULL, &said->document, calls},
                 {"idempotencyKey", NULL, &said->key, calls}};
    for (size_t i = 0; i < COUNT(known); i++)
        if (known[i].there && json_value_has_key(item, known[i].name))
            return known[i].text != NULL ? read_text(x, known[i].name, item, known[i].text)
                                         : read_value(x, known[i].name, item, known[i].value);
    return build_call_unknown_member(x, item);
}

static enum problem read_arguments(struct exchange *x, const struct json_value *arguments, bool calls,
                                   struct said *said)
{
    enum problem problem = PROBLEM_NONE;
    struct json_items items = json_value_items(arguments);
    for (struct json_value item; problem == PROBLEM_NONE && json_value_next(&items, &item);)
        problem = read_argument(x, &item, calls, said);
    return problem;
}

static enum problem choose_action(struct exchange *x, const struct said *said,
                                  const struct config_action **action)
{
    if (said->service == NULL || said->action == NULL)
        return wrong(x, said->service == NULL ? "service" : "action", "is missing");
    *action = config_action(x->config, said->service, said->action, said->version);
    return *action != NULL
               ? PROBLEM_NONE
               : exchange_stop(x, PROBLEM_NO_SUCH_ROUTE, "there is no such action: find_action lists them");
}

/* ---- find_action ---- */

static bool holds(const char *text, const char *part)
{
    size_t length = part == NULL ? 0 : strlen(part);
    for (const char *at = text; strlen(at) >= length; at++)
        if (strncasecmp(at, part == NULL ? "" : part, length) == 0)
            return true;
    return false;
}

/* The newest version of a service first; false: there are more. */
static bool put_actions(struct buf *out, const struct exchange *x, const struct said *said)
{
    size_t count = 0;
    for (size_t i = x->config->service_count; i-- > 0;) {
        const struct config_service *service = &x->config->services[i];
        if (said->service != NULL && strcmp(service->upstream->name, said->service) != 0)
            continue;
        for (size_t j = 0; j < service->definitions->action_count; j++) {
            const struct config_action *action = &service->actions[j];
            if (!holds(action->definition->name, said->contains) || !actions_may_call(x, action))
                continue;
            if (count++ == MCP_ACTIONS_LISTED)
                return false;
            json_open(out);
            json_member(out, "service", service->upstream->name);
            actions_put_facts(out, action);
            json_close(out);
        }
    }
    return true;
}

static void put_list(struct buf *out, const struct exchange *x, const struct said *said)
{
    json_open(out);
    json_open_array(out, "actions");
    bool whole = put_actions(out, x, said);
    json_close_array(out);
    json_member_bool(out, "more", !whole);
    json_close(out);
}

enum problem mcp_actions_find(struct exchange *x, const struct json_value *arguments)
{
    struct buf out;
    struct said said = {0};
    const struct config_action *action = NULL;
    enum problem problem = read_arguments(x, arguments, false, &said);
    if (problem == PROBLEM_NONE && (said.action != NULL || said.version != NULL))
        problem = choose_action(x, &said, &action);
    if (problem != PROBLEM_NONE)
        return problem;
    if (action != NULL)
        return actions_answer_one(x, action);
    buf_init(&out, ACTIONS_ANSWER_MAX);
    put_list(&out, x, &said);
    return actions_keep(x, &out);
}

/* ---- call_action ---- */

const struct config_route *mcp_actions_route(struct exchange *x, const struct json_value *arguments)
{
    struct said said = {0};
    const struct config_action *action = NULL;
    if (read_arguments(x, arguments, true, &said) != PROBLEM_NONE ||
        choose_action(x, &said, &action) != PROBLEM_NONE)
        return NULL;
    return &action->route;
}

enum problem mcp_actions_call(struct exchange *x, const struct json_value *arguments)
{
    struct said said = {0};
    const struct config_action *action = NULL;
    enum problem problem = read_arguments(x, arguments, true, &said);
    if (problem == PROBLEM_NONE)
        problem = choose_action(x, &said, &action);
    if (problem == PROBLEM_NONE && said.region.kind != JSON_VALUE_NONE)
        problem = mcp_read_region(x, &said.region);
    if (problem == PROBLEM_NONE && said.document.kind != JSON_VALUE_NONE &&
        said.document.kind != JSON_VALUE_OBJECT)
        problem = wrong(x, "document", "must be an object");
    if (problem != PROBLEM_NONE)
        return problem;
    x->route = &action->route;
    if (said.key.kind != JSON_VALUE_NONE && exchange_changes(x))
        problem = mcp_read_key(x, &said.key);
    if (problem == PROBLEM_NONE)
        problem = idempotency_read(x);
    if (problem != PROBLEM_NONE)
        return problem;
    x->body = said.document.kind == JSON_VALUE_NONE ? NULL : said.document.bytes;
    x->body_length = said.document.length;
    return build_call_request(x);
}
