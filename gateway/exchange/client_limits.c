#include "gateway/exchange/client_limits.h"

#include <stdlib.h>
#include <string.h>

/* One client's, shared by every generation that knows the client: a reload forgets nothing. */
struct client_state {
    atomic_uint references;
    struct rate_state rate;
    atomic_llong in_flight;
};

struct client_limits {
    const struct config *config;   /* borrowed: the generation that owns both ends us first */
    struct client_state **clients; /* by config_client.index */
    size_t count;
};

static struct client_state *state_new(void)
{
    struct client_state *state = calloc(1, sizeof *state);
    if (state != NULL)
        atomic_init(&state->references, 1);
    return state;
}

static struct client_state *state_of(const struct client_limits *previous, const char *name)
{
    struct config_client *same = NULL;
    if (previous != NULL)
        HASH_FIND_STR(previous->config->clients, name, same);
    if (same == NULL)
        return state_new();
    struct client_state *state = previous->clients[same->index];
    atomic_fetch_add_explicit(&state->references, 1, memory_order_relaxed);
    return state;
}

struct client_limits *client_limits_new(const struct config *config, const struct client_limits *previous)
{
    struct client_limits *limits = calloc(1, sizeof *limits);
    if (limits == NULL)
        return NULL;
    limits->config = config;
    limits->count = HASH_COUNT(config->clients);
    limits->clients = calloc(limits->count + 1, sizeof *limits->clients);
    if (limits->clients == NULL) {
        free(limits);
        return NULL;
    }
    for (const struct config_client *client = config->clients; client != NULL; client = client->hh.next) {
        limits->clients[client->index] = state_of(previous, client->name);
        if (limits->clients[client->index] == NULL) {
            client_limits_free(limits);
            return NULL;
        }
    }
    return limits;
}

void client_limits_free(struct client_limits *limits)
{
    if (limits == NULL)
        return;
    for (size_t i = 0; i < limits->count; i++)
        if (limits->clients[i] != NULL &&
            atomic_fetch_sub_explicit(&limits->clients[i]->references, 1, memory_order_acq_rel) == 1)
            free(limits->clients[i]);
    free(limits->clients);
    free(limits);
}

struct client_limits_verdict client_limits_enter(struct client_limits *limits,
                                                 const struct config_client *client, int64_t now_us)
{
    struct client_state *state = limits->clients[client->index];
    struct client_limits_verdict verdict = {.limited = client->rate.interval_us > 0};
    rate_adapt(&client->rate, &state->rate, now_us);
    struct rate_verdict rate = rate_take(&client->rate, &state->rate, now_us);
    verdict.remaining = rate.remaining;
    verdict.wait_us = rate.wait_us;
    if (!rate.allowed) {
        verdict.refusal = CLIENT_LIMITS_RATE;
        return verdict;
    }
    long long others = atomic_fetch_add_explicit(&state->in_flight, 1, memory_order_relaxed);
    if (client->in_flight > 0 && others >= client->in_flight) {
        client_limits_leave(limits, client);
        verdict.refusal = CLIENT_LIMITS_IN_FLIGHT;
    }
    return verdict;
}

void client_limits_leave(struct client_limits *limits, const struct config_client *client)
{
    atomic_fetch_sub_explicit(&limits->clients[client->index]->in_flight, 1, memory_order_relaxed);
}
