/* Two policies, compared by client and action. */
#include "config/rights/rights_diff.h"

#include "config/rights/rights_operators.h"
#include "config/rights/words.h"

#include <string.h>

enum {
    DIFF_LINE_MAX = 64 * 1024,
    COST_ACTION = 10,    /* looking at an action takes as long as comparing ten rules, */
    TOKENS_A_COST = 100, /* comparing two as long as passing by a hundred tokens */
};

void rights_diff_put_line(struct rights_diff *diff, size_t *count)
{
    (*count)++;
    diff->question->put(diff->question->context, buf_text(&diff->line));
    buf_reset(&diff->line);
}

static bool spend(struct rights_diff *diff, size_t cost)
{
    diff->spent += cost;
    diff->counts->cut =
        diff->counts->cut || (diff->question->budget > 0 && diff->spent > diff->question->budget);
    return !diff->counts->cut;
}

/* ---- what counts ---- */

/* The same action of another configuration; SIZE_MAX: it has none. */
static size_t action_index(const struct config *config, const struct config_route *of)
{
    for (size_t i = 0; i < config->route_count; i++)
        if (strcmp(config->routes[i].action, of->action) == 0 &&
            strcmp(config->routes[i].service, of->service) == 0)
            return config->routes[i].action_index;
    const struct config_action *action =
        config_action(config, of->service, of->action, of->dialects[CONFIG_API3].version);
    return action == NULL || action->has_route ? SIZE_MAX : action->route.action_index;
}

static bool covered_by(const struct rights_diff_side *side, const struct config_rule *const *rules,
                       size_t count, const struct rights_rule *rule)
{
    for (size_t i = 0; i < count; i++)
        if (rights_cover(&(struct rights_rule){side->config, rules[i]}, rule))
            return true;
    return false;
}

static void gather(struct rights_diff_side *side, const struct config_route *action, int64_t now)
{
    size_t index = action_index(side->config, action);
    size_t kept = 0;
    side->allow_count = side->deny_count = 0;
    for (size_t i = 0; side->client != NULL && index != SIZE_MAX && i < side->client->bucket_count; i++) {
        const struct config_bucket_rules rules = config_bucket_find(side->client->buckets[i], index);
        for (size_t j = 0; j < rules.count; j++) {
            const struct config_rule *rule = rules.items[j];
            if (rule->audit || rule->expires <= now)
                continue;
            if (rule->effect == CONFIG_ALLOW)
                side->allows[side->allow_count++] = rule;
            else
                side->denies[side->deny_count++] = rule;
        }
    }
    for (size_t i = 0; i < side->allow_count; i++) /* what a deny takes away wholly is nobody's right */
        if (!covered_by(side, side->denies, side->deny_count,
                        &(struct rights_rule){side->config, side->allows[i]}))
            side->allows[kept++] = side->allows[i];
    side->allow_count = kept;
}

/* ---- the lines ---- */

static const struct config_rule *same_id(const struct config_rule *const *rules, size_t count, const char *id)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(rules[i]->id, id) == 0)
            return rules[i];
    return NULL;
}

static void put_rule(struct rights_diff *diff, const char *sign, const char *verb,
                     const struct rights_diff_side *side, const struct config_rule *rule)
{
    buf_put_format(&diff->line, "%s %s %s %s", sign, diff->name, verb, diff->action->action);
    words_put_conditions(&diff->line, side->config, rule, WORDS_VALUES_MAX);
    buf_put_format(&diff->line, " (rule '%s', line %u", rule->id, rule->mark.line);
}

/* The values that the other rule of the same id has not: they may be behind the first eight. */
static void put_condition(struct rights_diff *diff, const char *word, const char *param,
                          const struct config_condition *condition, const struct rights_rule *other)
{
    size_t shown = 0;
    for (uint32_t i = 0; i < config_written_lists(condition); i++)
        for (size_t j = 0; j < condition->lists[i]->exact + condition->lists[i]->patterns; j++) {
            const char *text = condition->lists[i]->texts[j];
            if (!rights_cover_value(other, param, text) && shown++ < WORDS_VALUES_MAX)
                buf_put_format(&diff->line, "%s%.256s", shown == 1 ? word : ", ", text);
        }
    if (shown > WORDS_VALUES_MAX)
        buf_put_format(&diff->line, ", ... (%zu in all)", shown);
}

static void put_values(struct rights_diff *diff, const char *word, const struct rights_diff_side *side,
                       const struct config_rule *rule, const struct rights_rule *other)
{
    for (uint32_t i = 0; i < rule->condition_count && other->rule != NULL; i++)
        if (rule->conditions[i].param < side->config->param_name_count)
            put_condition(diff, word, side->config->param_names[rule->conditions[i].param],
                          &rule->conditions[i], other);
}

static void compare_allows(struct rights_diff *diff, const char *sign, const char *verb, const char *word,
                           const struct rights_diff_side *has, const struct rights_diff_side *lacks,
                           size_t *count)
{
    for (size_t i = 0; i < has->allow_count; i++) {
        const struct config_rule *rule = has->allows[i];
        if (covered_by(lacks, lacks->allows, lacks->allow_count, &(struct rights_rule){has->config, rule}))
            continue;
        const struct rights_rule other = {lacks->config,
                                          same_id(lacks->allows, lacks->allow_count, rule->id)};
        put_rule(diff, sign, verb, has, rule);
        put_values(diff, word, has, rule, &other);
        if (diff->action_is_new)
            buf_put(&diff->line, "; the action is new");
        buf_put_char(&diff->line, ')');
        rights_diff_put_line(diff, count);
    }
}

/* A deny takes nothing from who may do nothing anyway. */
static void compare_denies(struct rights_diff *diff, const char *sign, const char *verb, const char *word,
                           const struct rights_diff_side *has, const struct rights_diff_side *lacks,
                           size_t *count)
{
    for (size_t i = 0; i < has->deny_count && diff->old.allow_count > 0 && diff->new.allow_count > 0; i++) {
        const struct config_rule *rule = has->denies[i];
        if (covered_by(lacks, lacks->denies, lacks->deny_count, &(struct rights_rule){has->config, rule}))
            continue;
        const struct rights_rule other = {lacks->config, same_id(lacks->denies, lacks->deny_count, rule->id)};
        put_rule(diff, sign, verb, has, rule);
        put_values(diff, word, has, rule, &other);
        buf_put_char(&diff->line, ')');
        rights_diff_put_line(diff, count);
    }
}

static void compare_action(struct rights_diff *diff)
{
    struct rights_counts *counts = diff->counts;
    if (!spend(diff, COST_ACTION))
        return;
    gather(&diff->old, diff->action, diff->question->now);
    gather(&diff->new, diff->action, diff->question->now);
    if (!spend(diff, (diff->old.allow_count + diff->old.deny_count) *
                         (diff->new.allow_count + diff->new.deny_count)))
        return;
    compare_allows(diff, "more:", "may now", "; new: ", &diff->new, &diff->old, &counts->more);
    compare_denies(diff, "more:", "is no longer denied", "; gone: ", &diff->old, &diff->new, &counts->more);
    compare_allows(diff, "less:", "may no longer", "; gone: ", &diff->old, &diff->new, &counts->less);
    compare_denies(diff, "less:", "is now denied", "; new: ", &diff->new, &diff->old, &counts->less);
}

/* ---- clients ---- */

static void compare_action_of(struct rights_diff *diff, const struct config_route *action,
                              const struct config *not_in)
{
    if (not_in != NULL && action_index(not_in, action) != SIZE_MAX)
        return;
    diff->action = action;
    diff->action_is_new = not_in == NULL && action_index(diff->old.config, action) == SIZE_MAX;
    compare_action(diff);
}

static void compare_actions_of(struct rights_diff *diff, const struct config *config,
                               const struct config *not_in)
{
    for (size_t i = 0; i < config->route_count; i++) {
        bool first = true;
        for (size_t j = 0; j < i && first; j++)
            first = config->routes[j].action_index != config->routes[i].action_index;
        if (first)
            compare_action_of(diff, &config->routes[i], not_in);
    }
    for (size_t i = 0; i < config->service_count; i++)
        for (size_t j = 0; j < config->services[i].definitions->action_count; j++)
            if (!config->services[i].actions[j].has_route)
                compare_action_of(diff, &config->services[i].actions[j].route, not_in);
}

static void compare_client(struct rights_diff *diff, const char *name)
{
    if (!spend(diff, (diff->old.config->tokens.count + diff->new.config->tokens.count) / TOKENS_A_COST))
        return;
    diff->name = name;
    diff->old.client = config_client(diff->old.config, name);
    diff->new.client = config_client(diff->new.config, name);
    if (diff->old.client == NULL) {
        buf_put_format(&diff->line, "more: client '%s' is new", name);
        rights_diff_put_line(diff, &diff->counts->more);
    }
    if (diff->new.client == NULL) {
        buf_put_format(&diff->line, "less: client '%s' is gone", name);
        rights_diff_put_line(diff, &diff->counts->less);
    }
    rights_diff_client(diff);
    compare_actions_of(diff, diff->new.config, NULL);
    compare_actions_of(diff, diff->old.config, diff->new.config); /* the actions that are gone */
}

/* Which former ids one policy knows and the other does not. */
static void compare_former_ids(struct rights_diff *diff, const struct config *has, const struct config *lacks,
                               const char *what)
{
    for (size_t i = 0; i < has->former_id_count; i++) {
        const struct config_former_id *id = &has->former_ids[i];
        const char *other = config_current_id(lacks, id->former);
        if (other != NULL && strcmp(other, id->current) == 0)
            continue;
        buf_put_format(&diff->line, "other: %.256s is %s %.256s (former_ids)", id->former, what, id->current);
        rights_diff_put_line(diff, &diff->counts->other);
    }
}

static int side_init(struct rights_diff_side *side, const struct config *config, struct arena *arena)
{
    *side = (struct rights_diff_side){.config = config};
    side->allows = arena_array(arena, config->rule_count, sizeof *side->allows);
    side->denies = arena_array(arena, config->rule_count, sizeof *side->denies);
    return side->allows == NULL || side->denies == NULL ? -1 : 0;
}

int rights_diff(const struct config *old, const struct config *new, const struct rights_question *question,
                struct rights_counts *counts)
{
    struct rights_diff diff = {.counts = counts, .question = question};
    struct arena *arena = arena_new(16 * (old->rule_count + new->rule_count + 4096));
    *counts = (struct rights_counts){0};
    if (arena == NULL || side_init(&diff.old, old, arena) != 0 || side_init(&diff.new, new, arena) != 0) {
        arena_free(arena);
        return -1;
    }
    buf_init(&diff.line, DIFF_LINE_MAX);
    for (const struct config_client *client = new->clients; client != NULL; client = client->hh.next)
        compare_client(&diff, client->name);
    for (const struct config_client *client = old->clients; client != NULL; client = client->hh.next)
        if (config_client(new, client->name) == NULL)
            compare_client(&diff, client->name);
    compare_former_ids(&diff, new, old, "now known as");
    compare_former_ids(&diff, old, new, "no longer known as");
    rights_operators_diff(old, new, question, counts);
    buf_done(&diff.line);
    arena_free(arena);
    return 0;
}
