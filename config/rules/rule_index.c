#include "config/rules/rule_index.h"
#include "config/rules/rules.h"

#include <string.h>

static void *scratch(struct rule_index *buckets, size_t count, size_t size)
{
    void *memory = arena_array(buckets->loader->scratch, count, size);
    if (memory == NULL)
        keyword_out_of_memory(buckets->loader);
    return memory;
}

struct draft *rule_index_find(const struct rule_index *buckets, const char *pattern)
{
    struct draft *draft = NULL;
    HASH_FIND_STR(buckets->drafts, pattern, draft);
    return draft;
}

static struct draft *find_or_add(struct rule_index *buckets, const char *pattern,
                                 const struct config_rule *rule)
{
    struct draft *draft = rule_index_find(buckets, pattern);
    size_t length = strlen(pattern);
    if (draft != NULL)
        return draft;
    draft = scratch(buckets, 1, sizeof *draft);
    if (draft == NULL)
        return NULL;
    draft->pattern = pattern;
    draft->first = rule;
    HASH_ADD_KEYPTR(hh, buckets->drafts, draft->pattern, length, draft);
    if (draft->hh.tbl == NULL) {
        keyword_out_of_memory(buckets->loader);
        return NULL;
    }
    if (pattern[length - 1] == '*')
        buckets->prefixes[(length - 1) / 64] |= UINT64_C(1) << ((length - 1) % 64);
    return draft;
}

struct draft *rule_index_next(const struct rule_index *buckets, const char *name, size_t *length)
{
    char pattern[RULES_PREFIX_MAX + 2];
    size_t end = strcspn(name, "*");
    while (*length <= end && *length <= RULES_PREFIX_MAX) {
        size_t prefix = (*length)++;
        if ((buckets->prefixes[prefix / 64] >> (prefix % 64) & 1) == 0)
            continue;
        memcpy(pattern, name, prefix);
        memcpy(pattern + prefix, "*", sizeof "*");
        struct draft *draft = rule_index_find(buckets, pattern);
        if (draft != NULL)
            return draft;
    }
    return NULL;
}

static int draft_add(struct rule_index *buckets, struct draft *draft, uint32_t number)
{
    if (draft->count > 0 && draft->rules[draft->count - 1] == number)
        return 0; /* the pattern stands twice in the rule */
    if (draft->count == draft->room) {
        size_t room = draft->room == 0 ? 4 : draft->room * 2;
        uint32_t *rules = scratch(buckets, room, sizeof *rules);
        if (rules == NULL)
            return -1;
        if (draft->count > 0)
            memcpy(rules, draft->rules, draft->count * sizeof *rules);
        draft->rules = rules;
        draft->room = room;
    }
    draft->rules[draft->count++] = number;
    return 0;
}

/* A deny without conditions, in front of everything else. */
static int close_actions(struct rule_index *buckets, struct draft *draft, const struct config_rule *rule)
{
    size_t count = buckets->loader->config->action_count;
    if (draft->closed == NULL)
        draft->closed = scratch(buckets, count, sizeof *draft->closed);
    if (draft->closed == NULL)
        return -1;
    for (size_t i = 0; i < count; i++)
        if (buckets->reaches[rule->number][i] && draft->closed[i] == NULL)
            draft->closed[i] = rule;
    return 0;
}

static int file_rule(struct rule_index *buckets, const struct config_rule *rule)
{
    const struct config *config = buckets->loader->config;
    bool *reaches = scratch(buckets, config->action_count, sizeof *reaches);
    if (reaches == NULL)
        return -1;
    buckets->reaches[rule->number] = reaches;
    for (size_t i = 0; i < config->action_count; i++)
        reaches[i] = /* all routes of an action have one effect */
            config_has_effect(rule, buckets->actions[i]) && config_reaches(rule, buckets->actions[i]);
    for (size_t i = 0; i < rule->clients.count; i++) {
        struct draft *draft = find_or_add(buckets, rule->clients.items[i], rule);
        if (draft == NULL || draft_add(buckets, draft, rule->number) != 0)
            return -1;
        if (rule->effect == CONFIG_DENY && config_is_unconditional(rule) &&
            close_actions(buckets, draft, rule) != 0)
            return -1;
    }
    return 0;
}

int rule_index_file(struct rule_index *buckets, struct loader *loader, const struct rules *rules)
{
    const struct config *config = loader->config;
    *buckets = (struct rule_index){.loader = loader, .rules = rules};
    buckets->reaches = scratch(buckets, rules->count, sizeof *buckets->reaches);
    buckets->actions = scratch(buckets, config->action_count, sizeof *buckets->actions);
    if (buckets->reaches == NULL || buckets->actions == NULL)
        return -1;
    for (size_t i = 0; i < config->route_count; i++)
        buckets->actions[config->routes[i].action_index] = &config->routes[i];
    for (size_t i = 0; i < config->service_count; i++)
        for (size_t j = 0; j < config->services[i].definitions->action_count; j++) {
            const struct config_route *route = &config->services[i].actions[j].route;
            if (buckets->actions[route->action_index] == NULL)
                buckets->actions[route->action_index] = route;
        }
    for (size_t i = 0; i < rules->count; i++)
        if (file_rule(buckets, &rules->items[i]) != 0)
            return -1;
    return 0;
}

void rule_index_done(struct rule_index *buckets)
{
    HASH_CLEAR(hh, buckets->drafts);
}
