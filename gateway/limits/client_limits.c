#include "gateway/limits/client_limits.h"

#include "gateway/limits/shared_limit.h"
#include "gateway/state/state.h"

#include <stdlib.h>
#include <string.h>

/* One client's, shared by every generation that knows the client: a reload forgets nothing. */
struct client_state {
    atomic_uint references;
    struct rate_state rate;
    struct shared_limit shared; /* has the calls in flight of those that are not, too */
};

struct client_limits {
    const struct config *config;   /* borrowed: the generation that owns both ends us first */
    struct client_state **clients; /* by config_client.index */
    size_t count;
};

static struct client_state *client_new(void)
{
    struct client_state *state = calloc(1, sizeof *state);
    if (state == NULL || shared_limit_init(&state->shared) != 0) {
        free(state);
        return NULL;
    }
    atomic_init(&state->references, 1);
    return state;
}

static void client_release(struct client_state *state)
{
    if (state == NULL || atomic_fetch_sub_explicit(&state->references, 1, memory_order_acq_rel) != 1)
        return;
    shared_limit_done(&state->shared);
    free(state);
}

static struct client_state *client_of(const struct client_limits *previous, const char *name)
{
    const struct config_client *same = previous == NULL ? NULL : config_client(previous->config, name);
    if (same == NULL)
        return client_new();
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
        limits->clients[client->index] = client_of(previous, client->name);
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
        client_release(limits->clients[i]);
    free(limits->clients);
    free(limits);
}

/* ---- alone ---- */

/* This gateway's part of a limit. */
static long long part_of(long long limit, unsigned gateways)
{
    return limit == 0 ? 0 : limit < gateways ? 1 : limit / gateways;
}

static struct client_limits_verdict
enter_alone(struct client_state *state, const struct config_client *client, unsigned gateways, int64_t now_us)
{
    const struct rate rate = {client->rate.interval_us * gateways, part_of(client->rate.burst, gateways)};
    struct client_limits_verdict verdict = {.limited = client->rate.interval_us > 0};
    long long most = part_of(client->in_flight, gateways);
    rate_adapt(&rate, &state->rate, now_us);
    struct rate_verdict taken = rate_take(&rate, &state->rate, now_us);
    verdict.remaining = taken.remaining;
    verdict.wait_us = taken.wait_us;
    if (!taken.allowed) {
        verdict.refusal = CLIENT_LIMITS_RATE;
        return verdict;
    }
    long long others = atomic_fetch_add_explicit(&state->shared.in_flight, 1, memory_order_relaxed);
    if (most > 0 && others >= most) {
        atomic_fetch_sub_explicit(&state->shared.in_flight, 1, memory_order_relaxed);
        verdict.refusal = CLIENT_LIMITS_IN_FLIGHT;
    }
    return verdict;
}

/* ---- the face ---- */

static bool is_shared(const struct config_client *client, const struct state *state)
{
    bool limited = client->rate.interval_us > 0 || client->in_flight > 0;
    return limited && state != NULL && state_is_shared(state);
}

struct client_limits_verdict client_limits_enter(struct client_limits *limits,
                                                 const struct config_client *client, struct state *state,
                                                 int64_t now_us)
{
    struct client_state *own = limits->clients[client->index];
    struct client_limits_verdict verdict = {.limited = client->rate.interval_us > 0};
    if (!is_shared(client, state))
        return enter_alone(own, client, 1, now_us);
    if (shared_limit_enter(&own->shared, client, state, &verdict) == 0)
        return verdict;
    return enter_alone(own, client, state_gateways(state), now_us);
}

void client_limits_leave(struct client_limits *limits, const struct config_client *client,
                         struct state *state)
{
    struct client_state *own = limits->clients[client->index];
    if (is_shared(client, state))
        shared_limit_leave(&own->shared, client, state);
    else
        atomic_fetch_sub_explicit(&own->shared.in_flight, 1, memory_order_relaxed);
}

void client_limits_renew(struct client_limits *limits, struct state *state)
{
    for (const struct config_client *client = limits->config->clients; client != NULL;
         client = client->hh.next)
        if (client->in_flight > 0)
            shared_limit_renew(&limits->clients[client->index]->shared, client, state);
}
