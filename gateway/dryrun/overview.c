#include "gateway/dryrun/overview.h"

#include "base/json/json.h"
#include "base/text.h"
#include "config/model/param_value.h"
#include "config/rights/rights.h"
#include "config/rights/words.h"

#include <string.h>

/* The rules of one client for one action. */
struct rows {
    const struct overview_question *question;
    const struct config_rule **allows;
    const struct config_rule **denies;
    size_t allow_count;
    size_t deny_count;
};

static bool covered(const struct rows *rows, const struct config_rule *allow)
{
    const struct config *config = rows->question->config;
    for (size_t i = 0; i < rows->deny_count; i++)
        if (rights_cover(&(struct rights_rule){config, rows->denies[i]},
                         &(struct rights_rule){config, allow}))
            return true;
    return false;
}

/* ---- the value ---- */

/* The value by the name by which calls are judged. */
static const char *name_of(const struct rows *rows, uint32_t param)
{
    const char *name = config_other_name(rows->question->config, param, rows->question->value);
    return name == NULL ? rows->question->value : name;
}

/* The condition of the rule on that parameter, or NULL. */
static const struct config_condition *condition_on(const struct config_rule *rule, uint32_t param)
{
    for (uint32_t i = 0; i < rule->condition_count; i++)
        if (rule->conditions[i].param == param)
            return &rule->conditions[i];
    return NULL;
}

static bool condition_has(const struct config_condition *condition, const char *value)
{
    for (uint32_t i = 0; i < condition->count; i++)
        if (value_set_match(condition->lists[i], value))
            return true;
    return false;
}

/* An allow's pattern does not stand for a former id that nobody knows. */
static bool lets_through(const struct rows *rows, const struct config_condition *condition)
{
    if (!config_is_unknown_id(rows->question->config, condition->param, rows->question->value))
        return condition_has(condition, name_of(rows, condition->param));
    for (uint32_t i = 0; i < condition->count; i++)
        if (value_set_name(condition->lists[i], rows->question->value))
            return true;
    return false;
}

/* A deny that looks at nothing but this value takes it away, whatever else the call has. */
static bool value_is_denied(const struct rows *rows, uint32_t param)
{
    for (size_t i = 0; i < rows->deny_count; i++) {
        const struct config_rule *deny = rows->denies[i];
        bool alone = deny->condition_count == 1 && deny->network_count == 0 && deny->when == NULL &&
                     deny->effects == 0 && !deny->by_subject && deny->own == CONFIG_OWN_ANY;
        if (alone && deny->conditions[0].param == param && deny->conditions[0].count > 0 &&
            (config_is_unknown_id(rows->question->config, param, rows->question->value) ||
             condition_has(&deny->conditions[0], name_of(rows, param))))
            return true;
    }
    return false;
}

/* The parameter by which the rule lets the value through, or NULL. */
static const char *param_of(const struct rows *rows, const struct config_route *route,
                            const struct config_rule *rule)
{
    const struct config *config = rows->question->config;
    const struct config_condition *region = condition_on(rule, CONFIG_REGION);
    if (region != NULL && config_region(config, rows->question->value) != NULL &&
        lets_through(rows, region) && !value_is_denied(rows, CONFIG_REGION))
        return "region";
    for (size_t i = 0; i < route->param_count; i++) {
        const struct config_param *param = &route->params[i];
        const struct config_condition *condition = condition_on(rule, param->number);
        if ((param->type != CONFIG_STRING && param->type != CONFIG_STRINGS) ||
            param_value_check(param, NULL, name_of(rows, param->number), NULL) != 0 ||
            (condition != NULL && !lets_through(rows, condition)) || value_is_denied(rows, param->number))
            continue;
        if (param->pattern.text == NULL && condition == NULL)
            continue; /* any text at all could stand there: that says nothing */
        return config->param_names[param->number];
    }
    return NULL;
}

/* ---- the rows ---- */

static void gather(struct rows *rows, const struct config_client *client, size_t action)
{
    rows->allow_count = rows->deny_count = 0;
    for (size_t i = 0; i < client->bucket_count; i++) {
        const struct config_bucket_rules rules = config_bucket_find(client->buckets[i], action);
        for (size_t j = 0; j < rules.count; j++) {
            const struct config_rule *rule = rules.items[j];
            if (rule->audit || rule->expires <= rows->question->now)
                continue;
            if (rule->effect == CONFIG_ALLOW)
                rows->allows[rows->allow_count++] = rule;
            else
                rows->denies[rows->deny_count++] = rule;
        }
    }
}

static void give(struct rows *rows, const struct overview_row *about,
                 void (*row)(void *context, const struct overview_row *row), void *context)
{
    struct overview_row one = *about;
    bool any = false;
    gather(rows, about->client, about->route->action_index);
    for (size_t i = 0; i < rows->allow_count; i++) {
        one.rule = rows->allows[i];
        one.param = NULL;
        if (covered(rows, one.rule))
            continue;
        for (size_t j = 0; j < rows->question->config->route_count && one.param == NULL; j++)
            if (rows->question->value != NULL &&
                rows->question->config->routes[j].action_index == about->route->action_index)
                one.param = param_of(rows, &rows->question->config->routes[j], one.rule);
        if (rows->question->value != NULL && one.param == NULL)
            continue;
        row(context, &one);
        any = true;
    }
    one.param = NULL;
    for (size_t i = 0; i < rows->deny_count && any; i++) {
        one.rule = rows->denies[i];
        row(context, &one);
    }
}

static bool is_first_of_action(const struct config *config, size_t route)
{
    for (size_t i = 0; i < route; i++)
        if (config->routes[i].action_index == config->routes[route].action_index)
            return false;
    return true;
}

int overview_each(const struct overview_question *question,
                  void (*row)(void *context, const struct overview_row *row), void *context)
{
    const struct config *config = question->config;
    struct arena *arena = arena_new(16 * (config->rule_count + 64) + 4096);
    struct rows rows = {.question = question};
    rows.allows = arena == NULL ? NULL : arena_array(arena, config->rule_count, sizeof *rows.allows);
    rows.denies = arena == NULL ? NULL : arena_array(arena, config->rule_count, sizeof *rows.denies);
    bool good = rows.allows != NULL && rows.denies != NULL;
    for (const struct config_client *client = config->clients; client != NULL && good;
         client = client->hh.next) {
        if (question->client != NULL && strcmp(question->client, client->name) != 0)
            continue;
        for (size_t i = 0; i < config->route_count; i++)
            if (is_first_of_action(config, i) &&
                (question->action == NULL || text_matches(question->action, config->routes[i].action)))
                give(&rows, &(struct overview_row){.client = client, .route = &config->routes[i]}, row,
                     context);
    }
    arena_free(arena);
    return good ? 0 : -1;
}

/* ---- in words ---- */

struct table {
    const struct overview_question *question;
    struct buf *out;
    bool json;
    long count;
};

static void put_text(struct buf *out, const struct overview_question *question,
                     const struct overview_row *row)
{
    const struct config_rule *rule = row->rule;
    buf_put_format(out, "%-20s %-5s %-28s", row->client->name, words_effect(rule), row->route->action);
    words_put_conditions(out, question->config, rule, WORDS_VALUES_MAX);
    if (row->param != NULL)
        buf_put_format(out, " [%s can be %.64s]", row->param, question->value);
    buf_put_format(out, " (rule %s, line %u", rule->id, rule->mark.line);
    if (rule->owner != NULL)
        buf_put_format(out, "; owner: %.64s", rule->owner);
    if (rule->note != NULL)
        buf_put_format(out, "; note: %.200s", rule->note);
    buf_put(out, ")\n");
}

static void put_json(struct buf *out, const struct overview_question *question,
                     const struct overview_row *row)
{
    struct buf words;
    const struct config_rule *rule = row->rule;
    buf_init(&words, 64 * 1024);
    words_put_conditions(&words, question->config, rule, WORDS_VALUES_MAX);
    json_open(out);
    json_member(out, "client", row->client->name);
    json_member(out, "effect", words_effect(rule));
    json_member(out, "action", row->route->action);
    json_member(out, "conditions", words.length > 0 ? buf_text(&words) + 1 : NULL);
    json_member(out, "parameter", row->param);
    json_member(out, "rule", rule->id);
    json_member(out, "file", rule->mark.file);
    json_member_int(out, "line", rule->mark.line);
    json_member(out, "owner", rule->owner);
    json_member(out, "note", rule->note);
    json_close(out);
    buf_put_char(out, '\n');
    out->failed = out->failed || words.failed;
    buf_done(&words);
}

static void put_row(void *context, const struct overview_row *row)
{
    struct table *table = context;
    table->count++;
    (table->json ? put_json : put_text)(table->out, table->question, row);
}

long overview_put(struct buf *out, const struct overview_question *question, bool json)
{
    struct table table = {.question = question, .out = out, .json = json};
    return overview_each(question, put_row, &table) == 0 && !out->failed ? table.count : -1;
}
