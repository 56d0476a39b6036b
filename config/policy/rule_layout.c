/* What decisions read, laid out so that what one of them reads lies together: a client's list of buckets, its
 * own bucket, the rules in it with their conditions and texts.  With 10,000 rules a decision waits for memory
 * more than for anything else. */
#include "config/policy/rule_layout.h"

#include "config/rights/rule_hash.h"

#include <string.h>

static void *keep(struct rule_index *buckets, size_t count, size_t size)
{
    void *memory = arena_array(buckets->loader->arena, count, size);
    if (memory == NULL)
        keyword_out_of_memory(buckets->loader);
    return memory;
}

static int place_conditions(struct rule_index *buckets, struct config_rule *rule)
{
    struct config_condition *conditions = keep(buckets, rule->condition_count, sizeof *conditions);
    if (conditions == NULL)
        return -1;
    for (size_t i = 0; i < rule->condition_count; i++) {
        const struct config_condition *draft = &rule->conditions[i];
        conditions[i] = *draft;
        if (draft->count == 0) /* `absent` */
            continue;
        conditions[i].lists = keep(buckets, draft->count, sizeof *conditions[i].lists);
        if (conditions[i].lists == NULL)
            return -1;
        memcpy(conditions[i].lists, draft->lists, draft->count * sizeof *draft->lists);
        conditions[i].lists[0] = value_set_copy(draft->lists[0], buckets->loader->arena); /* others stay */
        if (conditions[i].lists[0] == NULL)
            return keyword_out_of_memory(buckets->loader);
    }
    rule->conditions = conditions;
    return 0;
}

static const struct config_rule *place_rule(struct rule_index *buckets, const struct config_rule *draft)
{
    const struct config_rule **place = &buckets->loader->config->rules[draft->number];
    if (*place != NULL)
        return *place;
    struct config_rule *rule = keep(buckets, 1, sizeof *rule);
    if (rule == NULL)
        return NULL;
    *rule = *draft;
    if (place_conditions(buckets, rule) != 0)
        return NULL;
    rule->networks = keep(buckets, draft->network_count, sizeof *rule->networks);
    if (rule->networks == NULL)
        return NULL;
    if (draft->network_count > 0)
        memcpy(rule->networks, draft->networks, draft->network_count * sizeof *rule->networks);
    *place = rule;
    return rule;
}

static size_t count_entries(const struct rule_index *buckets, const struct draft *draft, size_t action)
{
    size_t entries = 0;
    for (size_t i = 0; i < draft->count; i++)
        entries += buckets->reaches[draft->rules[i]][action];
    return entries;
}

/* The rules of an action, behind those that are there. */
static uint32_t put_entries(const struct rule_index *buckets, const struct draft *draft, size_t action,
                            const struct config_rule **rules, uint32_t at)
{
    for (size_t i = 0; i < draft->count; i++)
        if (buckets->reaches[draft->rules[i]][action])
            rules[at++] = buckets->loader->config->rules[draft->rules[i]];
    return at;
}

static bool are_same(const struct rule_index *buckets, const struct draft *draft, size_t action, size_t other)
{
    for (size_t i = 0; i < draft->count; i++)
        if (buckets->reaches[draft->rules[i]][action] != buckets->reaches[draft->rules[i]][other])
            return false;
    return true;
}

/* Actions without a route, of which neighbours have the same rules as a rule: they share them.  Counts, and
 * writes where `bucket` has room. */
static void put_runs(const struct rule_index *buckets, const struct draft *draft, struct config_run *runs,
                     const struct config_rule **rules, struct config_bucket *bucket, uint32_t *at)
{
    const struct config *config = buckets->loader->config;
    size_t before = config->action_count; /* the last action that has rules */
    uint32_t start = *at;
    bucket->run_count = 0;
    for (size_t action = config->route_action_count; action < config->action_count; action++) {
        size_t count = count_entries(buckets, draft, action);
        if (count == 0)
            continue;
        if (before == config->action_count || !are_same(buckets, draft, action, before)) {
            start = *at;
            *at = rules == NULL ? *at + (uint32_t)count : put_entries(buckets, draft, action, rules, *at);
        }
        if (runs != NULL)
            runs[bucket->run_count] = (struct config_run){(uint32_t)action, start, (uint32_t)count};
        bucket->run_count++;
        before = action;
    }
}

/* ---- where they are many, by what their conditions name ---- */

static bool are_equal(const struct config_rule *const *left, const struct config_rule *const *right,
                      size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (left[i] != right[i])
            return false;
    return true;
}

/* The same rules as those of the slice before share what was made of them. */
static int add_hash(struct rule_index *buckets, const struct config_bucket *bucket,
                    struct config_bucket_hash *hashes, uint32_t *made, uint32_t start, uint32_t count)
{
    const struct loader *loader = buckets->loader;
    const struct config_rule **rules = bucket->rules + start;
    bool failed = false;
    const struct rule_hash *hash = NULL;
    if (count < RULE_HASH_MIN || (*made > 0 && hashes[*made - 1].start >= start))
        return 0;
    if (*made > 0 && start - hashes[*made - 1].start == count && are_equal(rules - count, rules, count))
        hash = hashes[*made - 1].hash;
    else
        hash = rule_hash_new(rules, count, RULE_HASH_ALL - buckets->hashed, loader->arena, loader->scratch,
                             &failed);
    if (failed)
        return keyword_out_of_memory(buckets->loader);
    if (hash == NULL)
        return 0;
    if (*made == 0 || hash != hashes[*made - 1].hash)
        buckets->hashed += hash->rule_count;
    hashes[(*made)++] = (struct config_bucket_hash){.start = start, .hash = hash};
    return 0;
}

static int hash_bucket(struct rule_index *buckets, struct config_bucket *bucket)
{
    size_t slices = bucket->route_actions + bucket->run_count;
    struct config_bucket_hash *hashes = keep(buckets, slices, sizeof *hashes);
    if (hashes == NULL)
        return -1;
    for (uint32_t i = 0; i < bucket->route_actions; i++)
        if (add_hash(buckets, bucket, hashes, &bucket->hash_count, bucket->starts[i],
                     bucket->starts[i + 1] - bucket->starts[i]) != 0)
            return -1;
    for (uint32_t i = 0; i < bucket->run_count; i++)
        if (add_hash(buckets, bucket, hashes, &bucket->hash_count, bucket->runs[i].start,
                     bucket->runs[i].count) != 0)
            return -1;
    bucket->hashes = hashes;
    return 0;
}

static const struct config_bucket *make_bucket(struct rule_index *buckets, struct draft *draft)
{
    size_t actions = buckets->loader->config->route_action_count;
    uint32_t entries = 0;
    if (draft->made != NULL)
        return draft->made;
    struct config_bucket *bucket = keep(buckets, 1, sizeof *bucket);
    uint32_t *starts = keep(buckets, actions + 1, sizeof *starts);
    if (bucket == NULL || starts == NULL)
        return NULL;
    for (size_t action = 0; action < actions; action++)
        entries += (uint32_t)count_entries(buckets, draft, action);
    put_runs(buckets, draft, NULL, NULL, bucket, &entries);
    const struct config_rule **rules = keep(buckets, entries, sizeof *rules);
    struct config_run *runs = keep(buckets, bucket->run_count, sizeof *runs);
    if (rules == NULL || runs == NULL)
        return NULL;
    for (size_t i = 0; i < draft->count; i++)
        if (place_rule(buckets, &buckets->rules->items[draft->rules[i]]) == NULL)
            return NULL;
    for (size_t action = 0; action < actions; action++)
        starts[action + 1] = put_entries(buckets, draft, action, rules, starts[action]);
    uint32_t at = starts[actions];
    put_runs(buckets, draft, runs, rules, bucket, &at);
    bucket->starts = starts;
    bucket->rules = rules;
    bucket->runs = runs;
    bucket->route_actions = (uint32_t)actions;
    if (hash_bucket(buckets, bucket) != 0)
        return NULL;
    draft->made = bucket;
    return bucket;
}

/* Its own bucket, and that of each prefix of its name that a rule has. */
static int place_client(struct rule_index *buckets, struct config_client *client)
{
    struct draft *drafts[RULES_PREFIX_MAX + 2];
    size_t count = 0;
    size_t length = 0;
    struct draft *draft = rule_index_find(buckets, client->name);
    if (draft != NULL)
        drafts[count++] = draft;
    while ((draft = rule_index_next(buckets, client->name, &length)) != NULL)
        drafts[count++] = draft;
    client->buckets = keep(buckets, count, sizeof *client->buckets);
    if (client->buckets == NULL)
        return -1;
    for (size_t i = 0; i < count; i++) {
        client->buckets[i] = make_bucket(buckets, drafts[i]);
        if (client->buckets[i] == NULL)
            return -1;
    }
    client->bucket_count = count;
    return 0;
}

int rule_layout_place(struct rule_index *buckets)
{
    struct config *config = buckets->loader->config;
    config->rules = keep(buckets, buckets->rules->count, sizeof *config->rules);
    if (config->rules == NULL)
        return -1;
    for (struct config_client *client = config->clients; client != NULL; client = client->hh.next)
        if (place_client(buckets, client) != 0)
            return -1;
    for (size_t i = 0; i < buckets->rules->count; i++)
        if (place_rule(buckets, &buckets->rules->items[i]) ==
            NULL) /* what concerns nobody is explained, too */
            return -1;
    config->rule_count = buckets->rules->count;
    return 0;
}
