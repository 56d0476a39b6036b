/* Warnings about unreachable rules. */
#include "config/policy/rule_warnings.h"

#include "config/rights/rule_hash.h"

/* The deny without any condition that covers the pattern and the action, or NULL. */
static const struct config_rule *closed_by(const struct rule_index *buckets, const char *pattern,
                                           size_t action)
{
    size_t length = 0;
    const struct draft *draft = rule_index_find(buckets, pattern);
    if (draft != NULL && draft->closed != NULL && draft->closed[action] != NULL)
        return draft->closed[action];
    while ((draft = rule_index_next(buckets, pattern, &length)) != NULL)
        if (draft->closed != NULL && draft->closed[action] != NULL)
            return draft->closed[action];
    return NULL;
}

/* Whatever an allow says, it is never heard where a deny without conditions speaks. */
static void warn_shadowed(const struct rule_index *buckets, const struct config_rule *rule)
{
    const struct config_rule *deny = NULL;
    for (size_t i = 0; i < rule->clients.count; i++)
        for (size_t action = 0; action < buckets->loader->config->action_count; action++) {
            if (!buckets->reaches[rule->number][action])
                continue;
            deny = closed_by(buckets, rule->clients.items[i], action);
            if (deny == NULL)
                return;
        }
    if (deny != NULL)
        report_find(buckets->loader->report,
                    &(struct report_kind){.severity = REPORT_SUGGESTION,
                                          .mark = &rule->mark,
                                          .advice = "take it out, or correct the one that is in its way",
                                          .owner = rule->owner,
                                          .note = rule->note},
                    "rule '%s' never decides: '%s' (line %u) denies all of it", rule->id, deny->id,
                    deny->mark.line);
}

/* Rules that have no place in the memory for looking them up: decisions about them grow with their number. */
static void warn_unfiled(const struct rule_index *buckets)
{
    const struct config_rule *first = buckets->first_unfiled;
    if (buckets->unfiled > 0)
        report_find(
            buckets->loader->report,
            &(struct report_kind){.severity = REPORT_SUGGESTION,
                                  .mark = &first->mark,
                                  .advice = "say patterns such as vpc-prod* instead of many ids",
                                  .owner = first->owner,
                                  .note = first->note},
            "rules have more than %d texts in `where`: for %zu pairs of client and action, from '%s' on, "
            "a decision reads them one by one",
            RULE_HASH_ALL, buckets->unfiled, first->id);
}

void rule_warnings_warn(const struct rule_index *buckets)
{
    warn_unfiled(buckets);
    for (size_t i = 0; i < buckets->rules->count; i++)
        if (buckets->rules->items[i].effect == CONFIG_ALLOW)
            warn_shadowed(buckets, &buckets->rules->items[i]);
    for (const struct draft *draft = buckets->drafts; draft != NULL; draft = draft->hh.next)
        if (draft->made == NULL)
            report_find(buckets->loader->report,
                        &(struct report_kind){.severity = draft->first->effect == CONFIG_DENY
                                                              ? REPORT_SECURITY
                                                              : REPORT_SUGGESTION,
                                              .mark = &draft->first->mark,
                                              .advice = "correct it, or take it out",
                                              .owner = draft->first->owner,
                                              .note = draft->first->note},
                        "no client matches '%.64s'", draft->pattern);
}
