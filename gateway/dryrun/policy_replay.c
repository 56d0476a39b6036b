#include "gateway/dryrun/policy_replay.h"

#include "auth/policy.h"
#include "base/buf.h"
#include "base/json/json.h"
#include "base/time/timestamp.h"

#include <jansson.h>
#include <string.h>

enum { POLICY_REPLAY_DEPTH_MAX = 8, POLICY_REPLAY_VALUE_MAX = 2048, POLICY_REPLAY_SHOWN = 128 };

/* Several routes may lead to an action, not all with the same parameters: one that has those of the call. */
static const struct config_route *find_route(const struct config *config, const char *action,
                                             const json_t *params)
{
    for (size_t i = 0; i < config->route_count; i++) {
        const struct config_route *route = &config->routes[i];
        size_t known = 0;
        if (strcmp(route->action, action) != 0)
            continue;
        for (size_t j = 0; j < route->param_count; j++)
            known += json_object_get(params, route->params[j].name) != NULL;
        if (known == json_object_size(params))
            return route;
    }
    return NULL;
}

/* A string or an array of strings under the parameter's name. */
static int add_param(struct call *call, const struct config *config, const struct config_param *param,
                     const json_t *value)
{
    size_t count = json_is_array(value) ? json_array_size(value) : 1;
    const char **values = arena_array(call->arena, count, sizeof *values);
    const char **said = arena_array(call->arena, count, sizeof *said);
    if (values == NULL || said == NULL)
        return -1;
    for (size_t i = 0; i < count; i++) {
        const char *text = json_string_value(json_is_array(value) ? json_array_get(value, i) : value);
        values[i] = text == NULL ? NULL : arena_strdup(call->arena, text);
        if (values[i] == NULL)
            return -1;
        const char *current = param->formers == NULL ? NULL : config_current_id(config, values[i]);
        if (current != NULL) { /* as it would come in today */
            said[i] = values[i];
            values[i] = current;
        }
    }
    if (call_add(call, param, values, count, NULL) != 0)
        return -1;
    call_note_said(call, said);
    return 0;
}

/* A region that has no name any more is judged by what stands there: a rule can still have it in a
 * pattern. */
static const char *read_region(const struct config *config, const json_t *line, struct arena *arena)
{
    const char *said = json_string_value(json_object_get(line, "region"));
    const struct config_region *region = said == NULL ? NULL : config_region(config, said);
    return region != NULL ? region->name : arena_strdup(arena, said == NULL ? "" : said);
}

static struct call *read_call(const struct config *config, const struct config_route *route,
                              const json_t *line, struct arena *arena)
{
    const json_t *params = json_object_get(line, "params");
    const char *region = read_region(config, line, arena);
    struct call *call = call_new(route, NULL, arena);
    if (call == NULL || region == NULL || !config_is_region(region) ||
        call_set_region(call, region, NULL) != 0)
        return NULL;
    for (size_t i = 0; i < route->param_count; i++) {
        const json_t *value = json_object_get(params, route->params[i].name);
        if (value != NULL && add_param(call, config, &route->params[i], value) != 0)
            return NULL;
    }
    call_seal(call);
    return call;
}

static const char *text_of(const json_t *line, const char *key, struct arena *arena)
{
    const char *text = json_string_value(json_object_get(line, key));
    const char *copy = arena_strdup(arena, text == NULL ? "" : text);
    return copy == NULL ? "" : copy;
}

/* "vpc-1", or "ins-1, ins-2" of a list: as a terminal may see it, and the beginning of what is long */
static const char *value_of(const struct call *call, const char *name, struct arena *arena)
{
    struct buf text;
    const struct call_param *param = call_find(call, name);
    if (strcmp(name, "region") == 0)
        return call->region;
    buf_init(&text, POLICY_REPLAY_VALUE_MAX);
    for (size_t i = 0; param != NULL && i < param->count && text.length < POLICY_REPLAY_VALUE_MAX / 2; i++) {
        buf_put(&text, i == 0 ? "" : ", ");
        const char *shown = call_shown(param, i);
        json_put_inside(&text, shown, strnlen(shown, POLICY_REPLAY_SHOWN));
    }
    const char *copy = text.failed ? NULL : arena_strdup(arena, buf_text(&text));
    buf_done(&text);
    return copy == NULL ? "" : copy;
}

/* The first condition of the rule that decided, or the one by which the nearest missed. */
static void find_param(const struct config *config, const struct policy_verdict *verdict, struct arena *arena,
                       struct policy_replay_change *change)
{
    const struct config_condition *condition = NULL;
    change->param = change->value = "";
    if (change->question.client == NULL)
        return;
    if (verdict->because == NULL)
        (void)policy_nearest(&change->question, &condition);
    else if (verdict->because->condition_count > 0)
        condition = &verdict->because->conditions[0];
    if (condition == NULL || condition->param >= config->param_name_count)
        return;
    change->param = config->param_names[condition->param];
    change->value = value_of(change->question.call, change->param, arena);
}

static enum policy_replay_end judge(const struct config *config, const json_t *line, struct arena *arena,
                                    struct policy_replay_change *change)
{
    struct config_client *client = NULL;
    struct policy_question question = {0};
    struct policy_verdict verdict = {0};
    const char *before = text_of(line, "verdict", arena);
    const json_t *params = json_object_get(line, "params");
    if (before[0] == '\0' || json_object_get(line, "frozen") != NULL) /* that was no policy's verdict */
        return POLICY_REPLAY_SKIPPED;
    if (!json_is_object(params))
        return POLICY_REPLAY_BROKEN;
    if (json_object_get(line, "document") != NULL)
        return POLICY_REPLAY_UNKNOWN; /* the record has not all that a rule could name */
    const struct config_route *route = find_route(config, text_of(line, "action", arena), params);
    if (route == NULL)
        return POLICY_REPLAY_UNKNOWN;
    *change = (struct policy_replay_change){.request_id = text_of(line, "requestId", arena),
                                            .client = text_of(line, "client", arena),
                                            .action = route->action,
                                            .before = before,
                                            .before_rule = text_of(line, "rule", arena),
                                            .token = text_of(line, "token", arena)};
    HASH_FIND_STR(config->clients, change->client, client);
    const char *subject = text_of(line, "subject", arena);
    question.subject = subject[0] == '\0' ? NULL : subject;
    question.client = client;
    const json_t *own = json_object_get(line, "own");
    question.owner = json_is_boolean(own)
                         ? policy_owner_of(json_is_true(own) ? CONFIG_OWN_ONLY : CONFIG_OWN_NOT)
                         : POLICY_OWNER_UNKNOWN;
    question.call = read_call(config, route, line, arena);
    if (question.call == NULL || !timestamp_parse(text_of(line, "time", arena), &question.now) ||
        !network_parse_peer(text_of(line, "source", arena), &question.source))
        return POLICY_REPLAY_BROKEN;
    if (client != NULL) /* otherwise the candidate does not know it any more: denied */
        verdict = policy_decide(&question);
    change->question = question;
    change->after = verdict.allowed ? "allow" : "deny";
    change->after_rule = verdict.because == NULL ? "" : verdict.because->id;
    if (strcmp(change->before, change->after) == 0)
        return POLICY_REPLAY_SAME;
    find_param(config, &verdict, arena, change);
    return POLICY_REPLAY_CHANGED;
}

enum policy_replay_end policy_replay_line(const struct config *config, const char *line, size_t length,
                                          struct arena *arena, struct policy_replay_change *change)
{
    json_error_t where;
    if (json_depth(line, length, POLICY_REPLAY_DEPTH_MAX) > POLICY_REPLAY_DEPTH_MAX)
        return POLICY_REPLAY_BROKEN;
    json_t *root = json_loadb(line, length, JSON_REJECT_DUPLICATES, &where);
    bool newer =
        json_object_get(root, "audit") == NULL && /* an audit file's `open` has a format of its own */
        json_integer_value(json_object_get(root, "format")) > POLICY_REPLAY_FORMAT;
    enum policy_replay_end end =
        json_is_object(root) && !newer ? judge(config, root, arena, change) : POLICY_REPLAY_BROKEN;
    json_decref(root);
    return end;
}
