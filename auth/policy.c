/* One file, longer than others, because it is one decision: which rules could match, which does, what
 * decides among them and what is told of it share the same walk over a client's rules. */
#include "auth/policy.h"

#include "config/rights/rule_hash.h"

/* A value that a number or a network is asked of and that is none: for a deny it is what it must not be. */
static bool value_matches(const struct config_condition *condition, enum config_effect effect,
                          const char *value)
{
    for (uint32_t i = 0; i < condition->count; i++)
        if (value_set_match(condition->lists[i], value) ||
            (effect == CONFIG_DENY && value_set_is_puzzled(condition->lists[i], value)))
            return true;
    return false;
}

static bool is_named(const struct config_condition *condition, const char *value)
{
    for (uint32_t i = 0; i < condition->count; i++)
        if (value_set_name(condition->lists[i], value))
            return true;
    return false;
}

/* A value by every name that is known of it.  Where that cannot be known: for a deny, it is what it must not
 * be; for an allow, it is what is named. */
static bool thing_matches(const struct config_condition *condition, enum config_effect effect,
                          const struct call_param *param, size_t i)
{
    const char *said = param->said == NULL ? NULL : param->said[i];
    bool former = param->former != NULL && param->former[i];
    if (effect == CONFIG_DENY)
        return former || value_matches(condition, effect, param->values[i]) ||
               (said != NULL && value_matches(condition, effect, said));
    return (former ? is_named(condition, param->values[i])
                   : value_matches(condition, effect, param->values[i])) ||
           (said != NULL && is_named(condition, said));
}

/* An allow needs all of them, a deny one.  Where an object of a list lacks it, it is left out there. */
static bool all_or_one(const struct config_condition *condition, const struct config_rule *rule,
                       const struct call_param *param, size_t matching)
{
    if (rule->effect == CONFIG_ALLOW)
        return param->count > 0 && matching == param->count && !param->gaps;
    return matching > 0 || (param->gaps && (rule->strict || condition->count == 0));
}

static bool values_hold(const struct config_condition *condition, const struct config_rule *rule,
                        const struct call_param *param)
{
    size_t matching = 0;
    for (size_t i = 0; i < param->count; i++)
        matching += value_matches(condition, rule->effect, param->values[i]);
    return all_or_one(condition, rule, param, matching);
}

/* The same where a value has, or could have, several names. */
static bool things_hold(const struct config_condition *condition, const struct config_rule *rule,
                        const struct call_param *param)
{
    size_t matching = 0;
    for (size_t i = 0; i < param->count && condition->count > 0; i++) /* 0: `absent`, and it is there */
        matching += thing_matches(condition, rule->effect, param, i);
    return all_or_one(condition, rule, param, matching);
}

/* "" or []: to the cloud it can be as if nobody had said it.  In a document each of several values may be a
 * member of an object of its own. */
static bool has_empty(const struct call *call, const struct call_param *param)
{
    bool each = !param->list || call->route->document != NULL || param->param->inside;
    bool found = param->count == 0;
    for (size_t i = 0; each && i < param->count && !found; i++)
        found = param->values[i][0] == '\0';
    return found;
}

static bool param_holds(const struct config_condition *condition, const struct config_rule *rule,
                        const struct call *call, const struct call_param *param)
{
    bool holds = call->several ? things_hold(condition, rule, param) : values_hold(condition, rule, param);
    return holds || (rule->effect == CONFIG_DENY && (condition->count == 0 || rule->strict) &&
                     has_empty(call, param)); /* a deny of what is left out */
}

static const struct call_param *find_param(const struct call *call, uint32_t number)
{
    for (size_t i = 0; i < call->param_count; i++)
        if (call->params[i].number == number)
            return &call->params[i];
    return NULL;
}

static bool condition_holds(const struct config_condition *condition, const struct config_rule *rule,
                            const struct call *call)
{
    if (condition->param == CONFIG_REGION)
        return value_matches(condition, rule->effect, call->region);
    const struct call_param *param = find_param(call, condition->param);
    if (param != NULL)
        return param_holds(condition, rule, call, param);
    return condition->count == 0 || rule->strict; /* `absent`, or a deny of what is left out */
}

enum policy_owner policy_owner_of(enum config_own own)
{
    return own == CONFIG_OWN_ONLY  ? POLICY_OWNER_CALLER
           : own == CONFIG_OWN_NOT ? POLICY_OWNER_OTHER
                                   : POLICY_OWNER_UNKNOWN;
}

static bool owner_holds(const struct config_rule *rule, enum policy_owner owner)
{
    if (rule->own == CONFIG_OWN_ANY)
        return true;
    if (owner == POLICY_OWNER_UNKNOWN)
        return rule->effect == CONFIG_DENY;
    return (rule->own == CONFIG_OWN_ONLY) == (owner == POLICY_OWNER_CALLER);
}

static bool when_holds(const struct config_when *when, int64_t now)
{
    struct zone_time local = zone_at(when->zone, now);
    bool over_midnight = when->until <= when->from;
    bool early = over_midnight && local.minute < when->until; /* it began the day before */
    int day = early ? (local.weekday + 6) % 7 : local.weekday;
    bool in_hours = over_midnight ? early || local.minute >= when->from
                                  : local.minute >= when->from && local.minute < when->until;
    return in_hours && (when->days >> day & 1) != 0;
}

static bool from_holds(const struct config_rule *rule, const struct network *source)
{
    for (uint32_t i = 0; i < rule->network_count; i++)
        if (network_contains(&rule->networks[i], source))
            return true;
    return rule->network_count == 0;
}

static bool subject_holds(const struct config_rule *rule, const struct policy_question *question)
{
    return question->subject != NULL && question->client->subject == CONFIG_SUBJECT_TRUSTED &&
           config_matches(&rule->subjects, question->subject);
}

static bool effect_holds(const struct config_rule *rule, const struct config_route *route)
{
    return rule->effects == 0 || (rule->effects >> route->effect & 1) != 0;
}

/* Behind client and action, by which rules are filed. */
static enum policy_miss try_rest(const struct config_rule *rule, const struct policy_question *question,
                                 const struct config_condition **condition)
{
    if (!effect_holds(rule, question->call->route))
        return POLICY_OTHER_EFFECT;
    if (question->now >= rule->expires)
        return POLICY_EXPIRED;
    if (!from_holds(rule, &question->source))
        return POLICY_OTHER_SOURCE;
    if (rule->when != NULL && !when_holds(rule->when, question->now))
        return POLICY_OTHER_TIME;
    if (rule->by_subject && !subject_holds(rule, question))
        return POLICY_OTHER_SUBJECT;
    for (uint32_t i = 0; i < rule->condition_count; i++)
        if (!condition_holds(&rule->conditions[i], rule, question->call)) {
            if (condition != NULL)
                *condition = &rule->conditions[i];
            return POLICY_OTHER_VALUE;
        }
    return owner_holds(rule, question->owner) ? POLICY_MATCHES : POLICY_OTHER_OWNER;
}

enum policy_miss policy_try(const struct config_rule *rule, const struct policy_question *question,
                            const struct config_condition **condition)
{
    if (!config_matches(&rule->clients, question->client->name))
        return POLICY_OTHER_CLIENT;
    if (!config_reaches(rule, question->call->route))
        return POLICY_OTHER_ACTION;
    return try_rest(rule, question, condition);
}

/* ---- the rules that could match: all of them, or what is filed under the call's values ---- */

/* Is told of each; of one perhaps twice. */
typedef void visit_function(void *of, const struct config_rule *rule);

struct visitor {
    visit_function *visit;
    void *of;
};

static size_t visit_rules(const struct visitor *visitor, const struct config_rule *const *rules, size_t count)
{
    for (size_t i = 0; i < count; i++)
        visitor->visit(visitor->of, rules[i]);
    return count;
}

static size_t visit_value(const struct visitor *visitor, const struct rule_hash *hash,
                          const struct rule_hash_param *param, const char *value)
{
    struct rule_hash_cursor cursor = rule_hash_find(hash, param, value);
    struct config_bucket_rules found = {0};
    size_t visited = 0;
    while (rule_hash_next(&cursor, &found))
        visited += visit_rules(visitor, found.items, found.count);
    return visited;
}

/* By every name of every value. */
static size_t visit_param(const struct visitor *visitor, const struct rule_hash *hash,
                          const struct rule_hash_param *filed, const struct call *call)
{
    const struct call_param *param = find_param(call, filed->param);
    size_t visited = 0;
    if (filed->param == CONFIG_REGION)
        return visit_value(visitor, hash, filed, call->region);
    for (size_t i = 0; param != NULL && i < param->count; i++) {
        visited += visit_value(visitor, hash, filed, param->values[i]);
        if (param->said != NULL && param->said[i] != NULL)
            visited += visit_value(visitor, hash, filed, param->said[i]);
    }
    return visited;
}

/* What could be any thing matches denies of which it has no text. */
static bool names_unknown(const struct call *call)
{
    for (size_t i = 0; call->several && i < call->param_count; i++)
        for (size_t j = 0; call->params[i].former != NULL && j < call->params[i].count; j++)
            if (call->params[i].former[j])
                return true;
    return false;
}

static size_t visit_candidates(const struct visitor *visitor, const struct config_bucket_rules *rules,
                               const struct call *call)
{
    if (rules->hash == NULL || names_unknown(call))
        return visit_rules(visitor, rules->items, rules->count);
    size_t visited = visit_rules(visitor, rules->hash->rest, rules->hash->rest_count);
    for (size_t i = 0; i < rules->hash->param_count; i++)
        visited += visit_param(visitor, rules->hash, &rules->hash->params[i], call);
    return visited;
}

/* The first matching rule in the file of each kind. */
struct found {
    const struct policy_question *question;
    const struct config_rule *allow, *deny;             /* enforced */
    const struct config_rule *audit_allow, *audit_deny; /* in audit mode */
};

static void consider(void *of, const struct config_rule *rule)
{
    struct found *found = of;
    const struct config_rule **slot = rule->effect == CONFIG_ALLOW
                                          ? (rule->audit ? &found->audit_allow : &found->allow)
                                          : (rule->audit ? &found->audit_deny : &found->deny);
    if ((*slot == NULL || rule->number < (*slot)->number) &&
        try_rest(rule, found->question, NULL) == POLICY_MATCHES)
        *slot = rule;
}

struct policy_verdict policy_decide(const struct policy_question *question)
{
    struct found found = {.question = question};
    const struct visitor visitor = {consider, &found};
    struct policy_verdict verdict = {0};
    if (!question->call->sealed)
        return verdict; /* a mistake of ours: no */
    for (size_t i = 0; i < question->client->bucket_count; i++) {
        const struct config_bucket_rules rules =
            config_bucket_find(question->client->buckets[i], question->call->route->action_index);
        verdict.tried += (uint32_t)visit_candidates(&visitor, &rules, question->call);
    }
    verdict.allowed = found.deny == NULL && found.allow != NULL;
    verdict.because = found.deny != NULL ? found.deny : found.allow;
    if (verdict.allowed)
        verdict.audit = found.audit_deny;
    else if (found.deny == NULL && found.audit_deny == NULL)
        verdict.audit = found.audit_allow;
    return verdict;
}

static bool is_timed(const struct config_rule *rule)
{
    return rule->when != NULL || rule->expires != CONFIG_NEVER;
}

/* Whatever the time is. */
static bool matches_some_time(const struct config_rule *rule, const struct policy_question *question)
{
    struct config_rule timeless = *rule;
    timeless.when = NULL;
    timeless.expires = CONFIG_NEVER;
    return !rule->audit && policy_try(&timeless, question, NULL) == POLICY_MATCHES;
}

const struct config_rule *policy_timed(const struct config *config, const struct policy_question *question)
{
    const struct config_rule *always[2] = {NULL, NULL}; /* by effect: the first that needs no time */
    const struct config_rule *timed[2] = {NULL, NULL};  /* and the first that does */
    for (size_t i = config->rule_count; i-- > 0;)
        if (matches_some_time(config->rules[i], question))
            (is_timed(config->rules[i]) ? timed : always)[config->rules[i]->effect] = config->rules[i];
    for (int effect = 0; effect < 2; effect++) /* behind one that always decides it never does */
        if (always[effect] != NULL && timed[effect] != NULL && always[effect]->number < timed[effect]->number)
            timed[effect] = NULL;
    if (always[CONFIG_DENY] != NULL)
        return timed[CONFIG_DENY];
    return timed[CONFIG_DENY] != NULL ? timed[CONFIG_DENY] : timed[CONFIG_ALLOW];
}

/* By which one condition alone it misses; POLICY_OTHER_VALUE also where values are not all. */
static enum policy_miss miss_alone(const struct config_rule *rule, const struct policy_question *question,
                                   const struct config_condition **condition)
{
    struct config_rule rest = *rule;
    enum policy_miss miss = try_rest(rule, question, condition);
    rest.when = NULL;
    rest.expires = CONFIG_NEVER;
    rest.network_count = 0;
    rest.by_subject = false;
    rest.own = CONFIG_OWN_ANY;
    if (miss == POLICY_MATCHES || miss == POLICY_OTHER_EFFECT)
        return miss;
    enum policy_miss value = try_rest(&rest, question, condition);
    return value == POLICY_MATCHES ? miss : value;
}

/* The further to the right, the nearer. */
static int nearness(enum policy_miss miss)
{
    static const enum policy_miss order[] = {POLICY_OTHER_EFFECT, POLICY_OTHER_VALUE,   POLICY_EXPIRED,
                                             POLICY_OTHER_SOURCE, POLICY_OTHER_SUBJECT, POLICY_OTHER_TIME,
                                             POLICY_OTHER_OWNER};
    for (int i = 0; i < (int)COUNT(order); i++)
        if (order[i] == miss)
            return i;
    return -1;
}

struct nearest {
    const struct policy_question *question;
    enum policy_miss miss;
    const struct config_condition *condition;
    uint32_t allows; /* enforced ones that were looked at */
};

static void come_near(struct nearest *nearest, enum policy_miss miss, const struct config_condition *here)
{
    if (nearness(miss) > nearness(nearest->miss)) {
        nearest->miss = miss;
        nearest->condition = here;
    } else if (miss == nearest->miss && nearest->condition != NULL && here != NULL &&
               nearest->condition->param != here->param) {
        nearest->condition = NULL; /* and it stays so: another rule's parameter would be one of several */
    }
}

static void look_nearer(void *of, const struct config_rule *rule)
{
    struct nearest *nearest = of;
    const struct config_condition *here = NULL;
    if (rule->effect != CONFIG_ALLOW || rule->audit)
        return;
    enum policy_miss miss = miss_alone(rule, nearest->question, &here);
    nearest->allows++;
    come_near(nearest, miss, here);
}

enum policy_miss policy_nearest(const struct policy_question *question,
                                const struct config_condition **condition)
{
    struct nearest nearest = {.question = question, .miss = POLICY_OTHER_ACTION};
    const struct visitor visitor = {look_nearer, &nearest};
    for (size_t i = 0; i < question->client->bucket_count; i++) {
        const struct config_bucket_rules rules =
            config_bucket_find(question->client->buckets[i], question->call->route->action_index);
        bool all = rules.hash == NULL || names_unknown(question->call);
        (void)visit_candidates(&visitor, &rules, question->call);
        for (size_t j = 0; !all && j < rules.hash->param_count; j++) {
            nearest.allows = 0;
            (void)visit_param(&visitor, rules.hash, &rules.hash->params[j], question->call);
            if (nearest.allows < rules.hash->params[j].allows) /* others have no text of the call's */
                come_near(&nearest, POLICY_OTHER_VALUE, rules.hash->params[j].filed);
        }
    }
    *condition = nearest.condition;
    return nearest.miss;
}

/* Enforced now, for this source; an allow perhaps under conditions, a deny under none. */
static bool may_apply(const struct config_rule *rule, const struct config_route *route,
                      const struct network *source, int64_t now)
{
    return !rule->audit && now < rule->expires && from_holds(rule, source) && effect_holds(rule, route) &&
           (rule->effect == CONFIG_ALLOW || !config_asks_more(rule));
}

bool policy_may(const struct config_client *client, const struct config_route *route,
                const struct network *source, int64_t now)
{
    bool allowed = false;
    for (size_t i = 0; i < client->bucket_count; i++) {
        const struct config_bucket_rules rules = config_bucket_find(client->buckets[i], route->action_index);
        for (size_t j = 0; j < rules.count; j++) {
            if (!may_apply(rules.items[j], route, source, now))
                continue;
            if (rules.items[j]->effect == CONFIG_DENY)
                return false;
            allowed = true;
        }
    }
    return allowed;
}
