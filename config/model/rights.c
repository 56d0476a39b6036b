/* Which of two rules reaches further, and whether a policy only takes away. */
#include "config/model/rights.h"

#include "base/text.h"

#include <string.h>

static const char *name_of(const struct rights_rule *side, const struct config_condition *condition)
{
    return condition->param < side->config->param_name_count ? side->config->param_names[condition->param]
                                                             : "";
}

static bool lists_match(const struct config_condition *wide, const char *text)
{
    for (uint32_t i = 0; i < wide->count; i++)
        if (values_match(wide->lists[i], text))
            return true;
    return false;
}

/* A pattern is taken for a text: what matches "vpc-1*" as it stands matches all that it stands for. */
static bool condition_covers(const struct config_condition *wide, const struct config_condition *narrow)
{
    for (uint32_t i = 0; i < narrow->count; i++) {
        const struct config_values *list = narrow->lists[i];
        bool shared = false;
        for (uint32_t j = 0; j < wide->count; j++)
            shared = shared || wide->lists[j] == list;
        for (size_t j = 0; !shared && j < list->exact + list->patterns; j++)
            if (!lists_match(wide, list->texts[j]))
                return false;
    }
    return true;
}

bool rights_cover_value(const struct rights_rule *wide, const char *param, const char *text)
{
    for (uint32_t i = 0; i < wide->rule->condition_count; i++)
        if (strcmp(name_of(wide, &wide->rule->conditions[i]), param) == 0)
            return lists_match(&wide->rule->conditions[i], text);
    return true;
}

/* A parameter stands once in a `where`: all of the wide rule's conditions must be met by the narrow one's. */
static bool where_covers(const struct rights_rule *wide, const struct rights_rule *narrow)
{
    for (uint32_t i = 0; i < wide->rule->condition_count; i++) {
        const struct config_condition *condition = &wide->rule->conditions[i];
        bool covered = false;
        for (uint32_t j = 0; j < narrow->rule->condition_count && !covered; j++)
            covered = strcmp(name_of(wide, condition), name_of(narrow, &narrow->rule->conditions[j])) == 0 &&
                      condition_covers(condition, &narrow->rule->conditions[j]);
        if (!covered)
            return false;
    }
    return true;
}

static bool from_covers(const struct config_rule *wide, const struct config_rule *narrow)
{
    if (wide->network_count == 0)
        return true;
    for (uint32_t i = 0; i < narrow->network_count; i++) {
        bool covered = false;
        for (uint32_t j = 0; j < wide->network_count && !covered; j++)
            covered = wide->networks[j].prefix <= narrow->networks[i].prefix &&
                      network_contains(&wide->networks[j], &narrow->networks[i]);
        if (!covered)
            return false;
    }
    return narrow->network_count > 0;
}

static bool when_covers(const struct config_when *wide, const struct config_when *narrow)
{
    if (wide == NULL || narrow == NULL)
        return wide == NULL;
    return strcmp(wide->zone_name, narrow->zone_name) == 0 && (narrow->days & ~wide->days) == 0 &&
           wide->from == narrow->from && wide->until == narrow->until;
}

static bool effects_cover(const struct config_rule *wide, const struct config_rule *narrow)
{
    return wide->effects == 0 || (narrow->effects != 0 && (narrow->effects & ~wide->effects) == 0);
}

static bool subject_covers(const struct config_rule *wide, const struct config_rule *narrow)
{
    for (size_t i = 0; i < narrow->subjects.count && wide->by_subject; i++)
        if (!config_matches(&wide->subjects, narrow->subjects.items[i]))
            return false;
    return !wide->by_subject || narrow->by_subject;
}

static bool limit_covers(const struct rate *wide, const struct rate *narrow)
{
    return wide->interval_us == 0 ||
           (narrow->interval_us >= wide->interval_us && narrow->burst <= wide->burst);
}

bool rights_cover(const struct rights_rule *wide, const struct rights_rule *narrow)
{
    return wide->rule->expires >= narrow->rule->expires && effects_cover(wide->rule, narrow->rule) &&
           subject_covers(wide->rule, narrow->rule) &&
           limit_covers(&wide->rule->limit, &narrow->rule->limit) &&
           when_covers(wide->rule->when, narrow->rule->when) && from_covers(wide->rule, narrow->rule) &&
           where_covers(wide, narrow);
}

static bool clients_cover(const struct config_patterns *wide, const struct config_patterns *narrow)
{
    for (size_t i = 0; i < narrow->count; i++)
        if (!config_matches(wide, narrow->items[i]))
            return false;
    return true;
}

bool rights_cover_all(const struct rights_rule *wide, const struct rights_rule *narrow)
{
    if (!clients_cover(&wide->rule->clients, &narrow->rule->clients))
        return false;
    for (size_t i = 0; i < narrow->config->route_count; i++) {
        const char *action = narrow->config->routes[i].action;
        if (config_matches(&narrow->rule->actions, action) && !config_matches(&wide->rule->actions, action))
            return false;
    }
    return rights_cover(wide, narrow);
}

/* ---- only less ---- */

static const struct config_rule *rule_of(const struct config *config, const char *id)
{
    for (size_t i = 0; i < config->rule_count; i++)
        if (strcmp(config->rules[i]->id, id) == 0)
            return config->rules[i];
    return NULL;
}

/* Does each rule of `from` that has that effect have one of its id in `to`, by which an allow gives no
 * less, a deny takes no less?  Rules in audit mode do neither. */
static bool has_rules(const struct config *from, const struct config *to, enum config_effect effect)
{
    for (size_t i = 0; i < from->rule_count; i++) {
        const struct config_rule *rule = from->rules[i];
        const struct config_rule *other = rule_of(to, rule->id);
        if (rule->effect != effect || rule->audit)
            continue;
        if (other == NULL || other->effect != effect || other->audit ||
            !rights_cover_all(&(struct rights_rule){to, other}, &(struct rights_rule){from, rule}))
            return false;
    }
    return true;
}

static bool same_rate(const struct rate *a, const struct rate *b)
{
    return a->interval_us == b->interval_us && (a->interval_us == 0 || a->burst == b->burst);
}

static bool has_clients(const struct config *old, const struct config *new)
{
    for (const struct config_client *client = new->clients; client != NULL; client = client->hh.next) {
        struct config_client *before = NULL;
        HASH_FIND_STR(old->clients, client->name, before);
        if (before == NULL || !same_rate(&before->rate, &client->rate) ||
            before->in_flight != client->in_flight)
            return false;
    }
    return true;
}

static bool has_tokens(const struct config *old, const struct config *new)
{
    for (size_t i = 0; i < new->tokens.count; i++) {
        const struct config_token *token = &new->tokens.items[i];
        const struct config_token *before = keyring_find(&old->tokens, token->digest);
        if (before == NULL || strcmp(before->client->name, token->client->name) != 0 ||
            token->not_before < before->not_before || token->expires > before->expires ||
            (before->disabled && !token->disabled))
            return false;
    }
    return true;
}

bool rights_only_less(const struct config *old, const struct config *new)
{
    return strcmp(old->hashes[CONFIG_HASH_SERVICE], new->hashes[CONFIG_HASH_SERVICE]) == 0 &&
           strcmp(old->hashes[CONFIG_HASH_CATALOG], new->hashes[CONFIG_HASH_CATALOG]) == 0 &&
           has_clients(old, new) && has_tokens(old, new) && has_rules(new, old, CONFIG_ALLOW) &&
           has_rules(old, new, CONFIG_ALLOW) && has_rules(old, new, CONFIG_DENY);
}
