/* Which of two rules reaches further, and whether a policy only takes away. */
#include "config/rights/rights.h"

#include "config/rights/rights_operators.h"

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
        if (value_set_match(wide->lists[i], text))
            return true;
    return false;
}

static bool lists_name(const struct config_condition *wide, const char *text)
{
    for (uint32_t i = 0; i < wide->count; i++)
        if (value_set_name(wide->lists[i], text))
            return true;
    return false;
}

/* Calls are judged by the current id and a region's one name.  A former id that nobody knows is not what an
 * allow's pattern stands for. */
static bool text_is_covered(const struct rights_rule *wide, const struct config_condition *condition,
                            const struct rights_rule *narrow, uint32_t number, const char *text)
{
    const char *name = config_other_name(narrow->config, number, text);
    if (wide->rule->effect == CONFIG_ALLOW && config_is_unknown_id(narrow->config, number, text))
        return lists_name(condition, text);
    return lists_match(condition, name == NULL ? text : name);
}

/* A pattern is taken for a text: what matches "vpc-1*" as it stands matches all that it stands for. */
static bool condition_covers(const struct rights_rule *wide, const struct config_condition *condition,
                             const struct rights_rule *narrow, const struct config_condition *other)
{
    if (condition->count == 0 || other->count == 0) /* `absent` */
        return condition->count == other->count;
    for (uint32_t i = 0; i < other->count; i++) {
        const struct config_values *list = other->lists[i];
        bool shared = false;
        for (uint32_t j = 0; j < condition->count; j++)
            shared = shared || condition->lists[j] == list ||
                     ((list->kind != VALUE_SET_TEXTS || condition->lists[j]->kind != VALUE_SET_TEXTS) &&
                      value_set_covers(condition->lists[j], list));
        if (!shared && list->kind != VALUE_SET_TEXTS)
            return false;
        for (size_t j = 0; !shared && j < list->exact + list->patterns; j++)
            if (!text_is_covered(wide, condition, narrow, other->param, list->texts[j]))
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
                      condition_covers(wide, condition, narrow, &narrow->rule->conditions[j]);
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

/* A strict deny also matches what lacks its parameters. */
static bool strictness_covers(const struct config_rule *wide, const struct config_rule *narrow)
{
    return wide->strict || !narrow->strict || wide->condition_count == 0;
}

static bool own_covers(const struct config_rule *wide, const struct config_rule *narrow)
{
    return wide->own == CONFIG_OWN_ANY || wide->own == narrow->own;
}

static bool limit_covers(const struct rate *wide, const struct rate *narrow)
{
    return wide->interval_us == 0 ||
           (narrow->interval_us >= wide->interval_us && narrow->burst <= wide->burst);
}

static bool key_covers(const struct config_rule *wide, const struct config_rule *narrow)
{
    return !wide->requires_key || narrow->requires_key;
}

bool rights_cover(const struct rights_rule *wide, const struct rights_rule *narrow)
{
    return wide->rule->expires >= narrow->rule->expires && effects_cover(wide->rule, narrow->rule) &&
           subject_covers(wide->rule, narrow->rule) && own_covers(wide->rule, narrow->rule) &&
           strictness_covers(wide->rule, narrow->rule) &&
           limit_covers(&wide->rule->limit, &narrow->rule->limit) && key_covers(wide->rule, narrow->rule) &&
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
        const struct config_route *route = &narrow->config->routes[i];
        if (config_reaches(narrow->rule, route) && !config_reaches(wide->rule, route))
            return false;
    }
    for (size_t i = 0; i < narrow->config->service_count; i++)
        for (size_t j = 0; j < narrow->config->services[i].definitions->action_count; j++) {
            const struct config_route *route = &narrow->config->services[i].actions[j].route;
            if (config_reaches(narrow->rule, route) && !config_reaches(wide->rule, route))
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
        const struct config_client *before = config_client(old, client->name);
        if (before == NULL || !same_rate(&before->rate, &client->rate) ||
            before->in_flight != client->in_flight || (before->requires & ~client->requires) != 0 ||
            before->subject > client->subject || (before->requires_key && !client->requires_key))
            return false;
    }
    return true;
}

static bool has_tokens(const struct config *old, const struct config *new)
{
    for (size_t i = 0; i < new->tokens.count; i++) {
        const struct config_token *token = &new->tokens.items[i];
        const struct config_token *before = token_index_find(&old->tokens, token->digest);
        if (before == NULL || strcmp(before->client->name, token->client->name) != 0 ||
            token->not_before < before->not_before || token->expires > before->expires ||
            (before->disabled && !token->disabled))
            return false;
    }
    return true;
}

/* What was not shown before, or alone, would not do before. */
static bool has_certificates(const struct config *old, const struct config *new)
{
    for (const struct config_client_certificate *now = new->certificates; now != NULL; now = now->hh.next) {
        const struct config_client_certificate *before = config_certificate(old, now->key);
        if (before == NULL || strcmp(before->client->name, now->client->name) != 0)
            return false;
    }
    return true;
}

static bool same_former_ids(const struct config *old, const struct config *new)
{
    if (old->former_id_count != new->former_id_count)
        return false;
    for (size_t i = 0; i < old->former_id_count; i++)
        if (strcmp(old->former_ids[i].former, new->former_ids[i].former) != 0 ||
            strcmp(old->former_ids[i].current, new->former_ids[i].current) != 0)
            return false;
    return true;
}

bool rights_only_less(const struct config *old, const struct config *new)
{
    return strcmp(old->hashes[CONFIG_HASH_SERVICE], new->hashes[CONFIG_HASH_SERVICE]) == 0 &&
           strcmp(old->hashes[CONFIG_HASH_CATALOG], new->hashes[CONFIG_HASH_CATALOG]) == 0 &&
           strcmp(old->hashes[CONFIG_HASH_DEFINITIONS], new->hashes[CONFIG_HASH_DEFINITIONS]) == 0 &&
           same_former_ids(old, new) && rights_operators_only_less(old, new) && has_clients(old, new) &&
           has_tokens(old, new) && has_certificates(old, new) && has_rules(new, old, CONFIG_ALLOW) &&
           has_rules(old, new, CONFIG_ALLOW) && has_rules(old, new, CONFIG_DENY);
}
