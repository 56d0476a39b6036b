#include "gateway/known/use_counts.h"

#include <stdatomic.h>
#include <stdlib.h>

_Static_assert((USE_COUNTS_GRANTS & (USE_COUNTS_GRANTS - 1)) == 0, "a power of two");

/* One thread claims a place by its client and route, and writes the names behind it. */
struct grant {
    _Atomic(uint64_t) key; /* 0: free */
    _Atomic(const struct config_client *) client;
    _Atomic(const char *) action; /* written last; NULL: not there yet */
    atomic_uint count;
};

struct action {
    _Atomic(const char *) name; /* NULL: it was never asked for */
    atomic_uint count;
};

struct use_counts {
    const struct config *config;
    atomic_uint *clients;   /* by index */
    struct action *actions; /* by index */
    atomic_uint *rules;     /* by number */
    atomic_uint *tokens;    /* in the order of config->tokens */
    struct grant *grants;
};

struct use_counts *use_counts_new(const struct config *config)
{
    struct use_counts *counts = calloc(1, sizeof *counts);
    if (counts == NULL)
        return NULL;
    counts->config = config;
    counts->clients = calloc(HASH_COUNT(config->clients) + 1, sizeof *counts->clients);
    counts->actions = calloc(config->action_count + 1, sizeof *counts->actions);
    counts->rules = calloc(config->rule_count + 1, sizeof *counts->rules);
    counts->tokens = calloc(config->tokens.count + 1, sizeof *counts->tokens);
    counts->grants = calloc(USE_COUNTS_GRANTS, sizeof *counts->grants);
    if (counts->clients != NULL && counts->actions != NULL && counts->rules != NULL &&
        counts->tokens != NULL && counts->grants != NULL)
        return counts;
    use_counts_free(counts);
    return NULL;
}

void use_counts_free(struct use_counts *counts)
{
    if (counts == NULL)
        return;
    free(counts->clients);
    free(counts->actions);
    free(counts->rules);
    free(counts->tokens);
    free(counts->grants);
    free(counts);
}

static void add(atomic_uint *count)
{
    atomic_fetch_add_explicit(count, 1, memory_order_relaxed);
}

static uint64_t key_of(const struct config_client *client, const struct config_route *route)
{
    return ((uint64_t)client->index + 1) << 32 | route->action_index;
}

static void add_grant(struct use_counts *counts, const struct config_client *client,
                      const struct config_route *route)
{
    uint64_t key = key_of(client, route);
    uint64_t hash = key * UINT64_C(0x9E3779B97F4A7C15) >> 32;
    for (unsigned i = 0; i < USE_COUNTS_PROBES; i++) {
        struct grant *grant = &counts->grants[(hash + i) % USE_COUNTS_GRANTS];
        uint64_t there = atomic_load_explicit(&grant->key, memory_order_relaxed);
        bool mine = there == 0 && atomic_compare_exchange_strong(&grant->key, &there, key);
        if (mine) {
            atomic_store_explicit(&grant->client, client, memory_order_relaxed);
            atomic_store_explicit(&grant->action, route->action, memory_order_release);
        }
        if (mine || there == key) {
            add(&grant->count);
            return;
        }
    }
}

void use_counts_add(struct use_counts *counts, const struct config_client *client,
                    const struct config_token *token, const struct config_route *route,
                    const struct policy_verdict *verdict)
{
    add(&counts->clients[client->index]);
    if (route != NULL) {
        struct action *action = &counts->actions[route->action_index];
        atomic_store_explicit(&action->name, route->action, memory_order_relaxed);
        atomic_fetch_add_explicit(&action->count, 1, memory_order_release);
    }
    if (token != NULL)
        add(&counts->tokens[token - counts->config->tokens.items]);
    if (verdict == NULL)
        return;
    if (verdict->because != NULL)
        add(&counts->rules[verdict->because->number]);
    if (verdict->audit != NULL)
        add(&counts->rules[verdict->audit->number]);
    if (verdict->allowed)
        add_grant(counts, client, route);
}

/* Hardly any was counted: the others are not written to. */
static unsigned take(atomic_uint *count)
{
    return atomic_load_explicit(count, memory_order_relaxed) == 0
               ? 0
               : atomic_exchange_explicit(count, 0, memory_order_acquire);
}

void use_counts_take(struct use_counts *counts,
                     void (*tell)(void *context, enum use_kind kind, const char *one, const char *other,
                                  unsigned count),
                     void *context)
{
    unsigned count;
    for (size_t i = 0; i < counts->config->rule_count; i++)
        if ((count = take(&counts->rules[i])) > 0)
            tell(context, USE_RULE, counts->config->rules[i]->id, "", count);
    for (size_t i = 0; i < counts->config->tokens.count; i++)
        if ((count = take(&counts->tokens[i])) > 0)
            tell(context, USE_TOKEN, counts->config->tokens.items[i].client->name,
                 counts->config->tokens.items[i].id, count);
    for (size_t i = 0; i < USE_COUNTS_GRANTS; i++) {
        const char *action = atomic_load_explicit(&counts->grants[i].action, memory_order_acquire);
        if (action != NULL && (count = take(&counts->grants[i].count)) > 0)
            tell(context, USE_GRANT,
                 atomic_load_explicit(&counts->grants[i].client, memory_order_relaxed)->name, action, count);
    }
}

void use_counts_take_asked(struct use_counts *counts,
                           void (*tell)(void *context, enum use_ask ask, const char *name, unsigned count),
                           void *context)
{
    unsigned count;
    struct config_client *client, *next;
    HASH_ITER(hh, counts->config->clients, client, next)
    {
        if ((count = take(&counts->clients[client->index])) > 0)
            tell(context, USE_CLIENT, client->name, count);
    }
    for (size_t i = 0; i < counts->config->action_count; i++)
        if ((count = take(&counts->actions[i].count)) > 0)
            tell(context, USE_ACTION, atomic_load_explicit(&counts->actions[i].name, memory_order_relaxed),
                 count);
}
