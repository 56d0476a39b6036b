/* Which rules can concern a client and an action?  A decision looks at those and no others, however many
 * rules there are: they are found by the client's name and by each prefix of it that some rule names. */
#include "config/parts.h"

#include "base/text.h"

#include <string.h>

static struct config_bucket *find_or_add(struct loader *loader, const char *pattern)
{
    struct config *config = loader->config;
    struct config_bucket *bucket = NULL;
    HASH_FIND_STR(config->buckets, pattern, bucket);
    if (bucket != NULL)
        return bucket;
    bucket = arena_alloc(loader->arena, sizeof *bucket);
    if (bucket == NULL)
        return NULL;
    bucket->pattern = pattern;
    bucket->by_action = arena_array(loader->arena, config->action_count, sizeof *bucket->by_action);
    if (bucket->by_action == NULL)
        return NULL;
    HASH_ADD_KEYPTR(hh, config->buckets, bucket->pattern, strlen(pattern), bucket);
    size_t length = strlen(pattern);
    if (pattern[length - 1] == '*' && length - 1 < 64)
        config->prefixes[0] |= UINT64_C(1) << (length - 1);
    else if (pattern[length - 1] == '*')
        config->prefixes[1] |= 1;
    return bucket;
}

static int list_add(struct loader *loader, struct config_rule_list *list, const struct config_rule *rule)
{
    if (list->count > 0 && list->rules[list->count - 1] == rule)
        return 0; /* two of its action patterns match the action, or a pattern stands twice */
    if (list->count == list->room) {
        size_t room = list->room == 0 ? 2 : list->room * 2;
        const struct config_rule **rules = arena_array(loader->arena, room, sizeof(struct config_rule *));
        if (rules == NULL)
            return -1;
        if (list->count > 0)
            memcpy(rules, list->rules, list->count * sizeof *rules);
        list->rules = rules;
        list->room = room;
    }
    list->rules[list->count++] = rule;
    return 0;
}

static int bucket_add(struct loader *loader, struct config_bucket *bucket, const struct config_rule *rule)
{
    const struct config *config = loader->config;
    for (size_t i = 0; i < config->route_count; i++)
        if (config_matches(&rule->actions, config->routes[i].action) &&
            list_add(loader, &bucket->by_action[config->routes[i].action_index], rule) != 0)
            return -1;
    return 0;
}

int buckets_build(struct loader *loader)
{
    const struct config *config = loader->config;
    for (size_t i = 0; i < config->rule_count; i++) {
        const struct config_rule *rule = &config->rules[i];
        for (size_t j = 0; j < rule->clients.count; j++) {
            struct config_bucket *bucket = find_or_add(loader, rule->clients.items[j]);
            if (bucket == NULL || bucket_add(loader, bucket, rule) != 0)
                return keyword_out_of_memory(loader);
        }
    }
    return 0;
}
