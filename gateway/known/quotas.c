#include "gateway/known/quotas.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    /* who has not called for so long wants nothing; or for the time of a whole burst */
    QUOTA_WINDOW_US = 1000000,
    QUOTA_NAME_MAX = 192,
    QUOTA_PARTS_MAX = 256, /* with more clients than that some share a part: 4 KiB a quota */
};

/* What is used of a quota of that name, by every generation. */
struct usage {
    atomic_uint references;
    char name[QUOTA_NAME_MAX];
    struct rate_state total;
};

/* One client's part. */
struct part {
    struct rate_state used;
    atomic_int_fast64_t seen_us; /* when it last wanted something */
};

struct quota {
    struct rate rate;
    struct usage *usage;
    struct part *parts; /* by config_client.index, modulo part_count */
    size_t part_count;
    atomic_size_t wanting;          /* clients that want something, as counted */
    atomic_int_fast64_t counted_us; /* at */
};

struct quotas {
    const struct config *config; /* borrowed: the generation that owns both ends us first */
    struct quota *items;
    size_t count;
    struct quota **by_rule;     /* by config_rule.number; NULL: none */
    struct quota **by_upstream; /* by its place */
    struct quota **by_action;   /* by upstream's place * action_count + action_index */
};

static struct usage *usage_of(struct quotas *previous, const char *name)
{
    for (size_t i = 0; previous != NULL && i < previous->count; i++)
        if (strcmp(previous->items[i].usage->name, name) == 0) {
            atomic_fetch_add_explicit(&previous->items[i].usage->references, 1, memory_order_relaxed);
            return previous->items[i].usage;
        }
    struct usage *usage = calloc(1, sizeof *usage);
    if (usage == NULL)
        return NULL;
    atomic_init(&usage->references, 1);
    (void)snprintf(usage->name, sizeof usage->name, "%s", name); /* names have at most 64 characters each */
    return usage;
}

/* NULL when memory is out. */
static struct quota *add(struct quotas *quotas, struct quotas *previous, const struct rate *rate,
                         const char *kind, const char *name, const char *action)
{
    char full[QUOTA_NAME_MAX];
    struct quota *quota = &quotas->items[quotas->count];
    (void)snprintf(full, sizeof full, "%s %.64s %.64s", kind, name, action);
    quota->rate = *rate;
    quota->part_count = HASH_COUNT(quotas->config->clients);
    if (quota->part_count > QUOTA_PARTS_MAX)
        quota->part_count = QUOTA_PARTS_MAX;
    quota->parts = calloc(quota->part_count + 1, sizeof *quota->parts);
    quota->usage = usage_of(previous, full);
    if (quota->usage == NULL) {
        free(quota->parts);
        return NULL;
    }
    quotas->count++; /* from now on quotas_free() frees it */
    return quota->parts == NULL ? NULL : quota;
}

static int add_rules(struct quotas *quotas, struct quotas *previous)
{
    const struct config *config = quotas->config;
    for (size_t i = 0; i < config->rule_count; i++) {
        const struct config_rule *rule = config->rules[i];
        if (rule->limit.interval_us == 0)
            continue;
        quotas->by_rule[rule->number] = add(quotas, previous, &rule->limit, "rule", rule->id, "");
        if (quotas->by_rule[rule->number] == NULL)
            return -1;
    }
    return 0;
}

static int add_actions(struct quotas *quotas, struct quotas *previous, size_t place)
{
    const struct config *config = quotas->config;
    const struct config_upstream *upstream = &config->upstreams[place];
    for (size_t i = 0; i < upstream->limit_count; i++) {
        const struct config_action_limit *limit = &upstream->limits[i];
        struct quota *quota = add(quotas, previous, &limit->rate, "action", upstream->name, limit->action);
        if (quota == NULL)
            return -1;
        for (size_t j = 0; j < config->route_count; j++)
            if (strcmp(config->routes[j].action, limit->action) == 0)
                quotas->by_action[place * config->action_count + config->routes[j].action_index] = quota;
        const struct config_action *action = config_action(config, upstream->name, limit->action, NULL);
        if (action != NULL)
            quotas->by_action[place * config->action_count + action->route.action_index] = quota;
    }
    return 0;
}

static int add_upstreams(struct quotas *quotas, struct quotas *previous)
{
    const struct config *config = quotas->config;
    for (size_t i = 0; i < config->upstream_count; i++) {
        const struct config_upstream *upstream = &config->upstreams[i];
        if (upstream->limit.interval_us > 0) {
            quotas->by_upstream[i] = add(quotas, previous, &upstream->limit, "upstream", upstream->name, "");
            if (quotas->by_upstream[i] == NULL)
                return -1;
        }
        if (add_actions(quotas, previous, i) != 0)
            return -1;
    }
    return 0;
}

static size_t count_limits(const struct config *config)
{
    size_t count = 0;
    for (size_t i = 0; i < config->rule_count; i++)
        count += config->rules[i]->limit.interval_us > 0;
    for (size_t i = 0; i < config->upstream_count; i++)
        count += (config->upstreams[i].limit.interval_us > 0) + config->upstreams[i].limit_count;
    return count;
}

struct quotas *quotas_new(const struct config *config, struct quotas *previous)
{
    struct quotas *quotas = calloc(1, sizeof *quotas);
    if (quotas == NULL)
        return NULL;
    quotas->config = config;
    quotas->items = calloc(count_limits(config) + 1, sizeof *quotas->items);
    quotas->by_rule = calloc(config->rule_count + 1, sizeof(struct quota *));
    quotas->by_upstream = calloc(config->upstream_count + 1, sizeof(struct quota *));
    quotas->by_action = calloc(config->upstream_count * config->action_count + 1, sizeof(struct quota *));
    if (quotas->items != NULL && quotas->by_rule != NULL && quotas->by_upstream != NULL &&
        quotas->by_action != NULL && add_rules(quotas, previous) == 0 && add_upstreams(quotas, previous) == 0)
        return quotas;
    quotas_free(quotas);
    return NULL;
}

void quotas_free(struct quotas *quotas)
{
    if (quotas == NULL)
        return;
    for (size_t i = 0; i < quotas->count; i++) {
        if (atomic_fetch_sub_explicit(&quotas->items[i].usage->references, 1, memory_order_acq_rel) == 1)
            free(quotas->items[i].usage);
        free(quotas->items[i].parts);
    }
    free(quotas->items);
    free((void *)quotas->by_rule);
    free((void *)quotas->by_upstream);
    free((void *)quotas->by_action);
    free(quotas);
}

/* Counted ten times in a window, by whoever comes first. */
static size_t count_wanting(struct quota *quota, int64_t now_us)
{
    int64_t burst_us = quota->rate.interval_us * quota->rate.burst;
    int64_t window_us = burst_us > QUOTA_WINDOW_US ? burst_us : QUOTA_WINDOW_US;
    int_fast64_t counted_us = atomic_load_explicit(&quota->counted_us, memory_order_relaxed);
    size_t wanting = 0;
    if (counted_us != 0 && now_us - counted_us < window_us / 10)
        return atomic_load_explicit(&quota->wanting, memory_order_relaxed);
    for (size_t i = 0; i < quota->part_count; i++) {
        int_fast64_t seen_us = atomic_load_explicit(&quota->parts[i].seen_us, memory_order_relaxed);
        wanting += seen_us != 0 && now_us - seen_us < window_us;
    }
    wanting = wanting == 0 ? 1 : wanting;
    atomic_store_explicit(&quota->wanting, wanting, memory_order_relaxed);
    atomic_store_explicit(&quota->counted_us, now_us, memory_order_relaxed);
    return wanting;
}

static bool take(struct quota *quota, const struct config_client *client, int64_t now_us, int64_t *wait_us)
{
    if (quota == NULL)
        return true;
    struct part *part = &quota->parts[client->index % quota->part_count];
    bool is_new = atomic_exchange_explicit(&part->seen_us, now_us, memory_order_relaxed) == 0;
    if (is_new)
        atomic_store_explicit(&quota->counted_us, 0, memory_order_relaxed);
    int64_t wanting = (int64_t)count_wanting(quota, now_us);
    int64_t burst = quota->rate.burst / wanting;
    const struct rate own = {quota->rate.interval_us * wanting, burst > 0 ? burst : 1};
    struct rate rest = quota->rate;
    bool within = rate_take(&own, &part->used, now_us).allowed;
    if (wanting > 1 && !within)
        rest.burst -= rest.burst / 2; /* the other half is for those within their part */
    rate_adapt(&quota->rate, &quota->usage->total, now_us); /* a reload may have changed it */
    struct rate_verdict verdict = rate_take(&rest, &quota->usage->total, now_us);
    *wait_us = verdict.wait_us;
    return verdict.allowed;
}

enum quota_full quotas_take(struct quotas *quotas, const struct config_rule *rule, const struct call *call,
                            const struct config_client *client, int64_t now_us, int64_t *wait_us)
{
    size_t place = (size_t)(call->upstream - quotas->config->upstreams);
    size_t action = place * quotas->config->action_count + call->route->action_index;
    if (rule != NULL && !take(quotas->by_rule[rule->number], client, now_us, wait_us))
        return QUOTA_RULE;
    if (!take(quotas->by_action[action], client, now_us, wait_us))
        return QUOTA_ACTION;
    return take(quotas->by_upstream[place], client, now_us, wait_us) ? QUOTA_NONE : QUOTA_UPSTREAM;
}
