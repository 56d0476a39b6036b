#include "gateway/dryrun/policy_replay.h"

#include "auth/policy.h"
#include "base/buf.h"
#include "base/json/json.h"
#include "base/time/timestamp.h"
#include "gateway/dryrun/replay_document.h"

#include <errno.h>
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
    const char *account = json_string_value(json_object_get(line, "account"));
    call->account = account == NULL ? NULL : arena_strdup(arena, account);
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
    if (strcmp(name, "account") == 0)
        return call->account == NULL ? "" : call->account;
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

/* A past call, and what the candidate says about it. */
struct judging {
    const struct config *config;
    const json_t *line;
    struct arena *arena;
    struct policy_question question;
    struct policy_verdict verdict;
};

/* What of the question does not depend on how the call was written. */
static bool read_question(struct judging *judging)
{
    struct policy_question *question = &judging->question;
    const char *name = text_of(judging->line, "client", judging->arena);
    const char *subject = text_of(judging->line, "subject", judging->arena);
    const json_t *own = json_object_get(judging->line, "own");
    question->client = config_client(judging->config, name);
    question->subject = subject[0] == '\0' ? NULL : subject;
    question->owner = json_is_boolean(own)
                          ? policy_owner_of(json_is_true(own) ? CONFIG_OWN_ONLY : CONFIG_OWN_NOT)
                          : POLICY_OWNER_UNKNOWN;
    return timestamp_parse(text_of(judging->line, "time", judging->arena), &question->now) &&
           network_parse_peer(text_of(judging->line, "source", judging->arena), &question->source);
}

/* A client that the candidate does not know any more is denied. */
static void decide(struct judging *judging)
{
    judging->verdict = (struct policy_verdict){0};
    if (judging->question.client != NULL)
        judging->verdict = policy_decide(&judging->question);
}

/* By a route's parameters. */
static enum policy_replay_end judge_route(struct judging *judging)
{
    const json_t *params = json_object_get(judging->line, "params");
    const struct config_route *route =
        find_route(judging->config, text_of(judging->line, "action", judging->arena), params);
    if (route == NULL)
        return POLICY_REPLAY_UNKNOWN;
    judging->question.call = read_call(judging->config, route, judging->line, judging->arena);
    if (judging->question.call == NULL)
        return POLICY_REPLAY_BROKEN;
    decide(judging);
    return POLICY_REPLAY_SAME;
}

/* By the cloud's own document, of which the record has what rules named. */
static enum policy_replay_end judge_document(struct judging *judging)
{
    const struct config *config = judging->config;
    const char *region = read_region(config, judging->line, judging->arena);
    const struct config_action *action =
        replay_document_action(config, text_of(judging->line, "service", judging->arena),
                               text_of(judging->line, "action", judging->arena));
    if (action == NULL || !replay_document_is_known(config, judging->question.client, action, judging->line))
        return POLICY_REPLAY_UNKNOWN;
    judging->question.call = replay_document_call(config, action, judging->line, region, judging->arena);
    if (judging->question.call == NULL)
        return POLICY_REPLAY_BROKEN;
    decide(judging);
    return POLICY_REPLAY_SAME;
}

static void write_change(struct judging *judging, const char *before, struct policy_replay_change *change)
{
    const struct policy_verdict *verdict = &judging->verdict;
    struct arena *arena = judging->arena;
    *change =
        (struct policy_replay_change){.request_id = text_of(judging->line, "requestId", arena),
                                      .client = text_of(judging->line, "client", arena),
                                      .action = judging->question.call->route->action,
                                      .before = before,
                                      .before_rule = text_of(judging->line, "rule", arena),
                                      .after = verdict->allowed ? "allow" : "deny",
                                      .after_rule = verdict->because == NULL ? "" : verdict->because->id,
                                      .token = text_of(judging->line, "token", arena),
                                      .question = judging->question};
}

static enum policy_replay_end judge(const struct config *config, const json_t *line, struct arena *arena,
                                    struct policy_replay_change *change)
{
    struct judging judging = {.config = config, .line = line, .arena = arena};
    const char *before = text_of(line, "verdict", arena);
    if (before[0] == '\0' || json_object_get(line, "frozen") != NULL) /* that was no policy's verdict */
        return POLICY_REPLAY_SKIPPED;
    if (!json_is_object(json_object_get(line, "params")) || !read_question(&judging))
        return POLICY_REPLAY_BROKEN;
    bool document = json_object_get(line, "document") != NULL;
    enum policy_replay_end end = document ? judge_document(&judging) : judge_route(&judging);
    if (end != POLICY_REPLAY_SAME)
        return end;
    write_change(&judging, before, change);
    if (strcmp(change->before, change->after) == 0)
        return POLICY_REPLAY_SAME;
    find_param(config, &judging.verdict, arena, change);
    return POLICY_REPLAY_CHANGED;
}

enum policy_replay_end policy_replay_line(const struct config *config, const char *line, size_t length,
                                          struct arena *arena, struct policy_replay_change *change)
{
    json_error_t where;
    errno = 0;
    if (json_depth(line, length, POLICY_REPLAY_DEPTH_MAX) > POLICY_REPLAY_DEPTH_MAX)
        return POLICY_REPLAY_BROKEN;
    json_t *root = json_loadb(line, length, JSON_REJECT_DUPLICATES, &where);
    bool newer =
        json_object_get(root, "audit") == NULL && /* an audit file's `open` has a format of its own */
        json_integer_value(json_object_get(root, "format")) > POLICY_REPLAY_FORMAT;
    enum policy_replay_end end =
        json_is_object(root) && !newer ? judge(config, root, arena, change) : POLICY_REPLAY_BROKEN;
    json_decref(root);
    return errno == ENOMEM ? POLICY_REPLAY_FAILED : end; /* malloc(3)'s word, whoever asked it */
}
