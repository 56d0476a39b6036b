#include "gateway/limits/client_limits.h"

#include "gateway/state/state.h"

#include <stdlib.h>
#include <string.h>

/* One client's, shared by every generation that knows the client: a reload forgets nothing. */
struct client_state {
    atomic_uint references;
    struct rate_state rate;
    atomic_llong in_flight;

    /* of a store that is shared */
    atomic_int_fast64_t refused_until_us; /* it said so, of the rate of this interval: */
    atomic_int_fast64_t refused_interval_us;
    atomic_llong ended; /* calls that it still counts as in flight */
    atomic_bool holds;  /* it may count some of this gateway's */
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
    long long others = atomic_fetch_add_explicit(&state->in_flight, 1, memory_order_relaxed);
    if (most > 0 && others >= most) {
        atomic_fetch_sub_explicit(&state->in_flight, 1, memory_order_relaxed);
        verdict.refusal = CLIENT_LIMITS_IN_FLIGHT;
    }
    return verdict;
}

/* ---- by the store ---- */

/* So long nobody can be allowed another one: others only make it later. */
static int64_t refused_for_us(struct client_state *state, const struct config_client *client, int64_t now_us)
{
    int64_t until_us = atomic_load_explicit(&state->refused_until_us, memory_order_acquire);
    if (until_us <= now_us ||
        atomic_load_explicit(&state->refused_interval_us, memory_order_relaxed) != client->rate.interval_us)
        return 0;
    return until_us - now_us;
}

static void note_refusal(struct client_state *state, const struct config_client *client, int64_t until_us)
{
    atomic_store_explicit(&state->refused_interval_us, client->rate.interval_us, memory_order_relaxed);
    atomic_store_explicit(&state->refused_until_us, until_us, memory_order_release);
}

/* -1: the store is away. */
static int ask_store(struct client_state *own, const struct config_client *client, struct state *state,
                     int64_t now_us, struct client_limits_verdict *verdict)
{
    struct state_verdict told;
    const struct state_limit limit = {client->name, client->rate, client->in_flight,
                                      client->in_flight > 0 ? atomic_exchange(&own->ended, 0) : 0};
    if (state_enter(state, &limit, &told) != 0) {
        atomic_fetch_add(&own->ended, limit.ended);
        return -1;
    }
    verdict->remaining = told.remaining;
    verdict->wait_us = told.allowed ? 0 : told.wait_us;
    verdict->held = told.allowed && client->in_flight > 0;
    if (!told.allowed)
        verdict->refusal = told.full ? CLIENT_LIMITS_IN_FLIGHT : CLIENT_LIMITS_RATE;
    if (verdict->refusal == CLIENT_LIMITS_RATE)
        note_refusal(own, client, now_us + told.wait_us);
    return 0;
}

static struct client_limits_verdict enter_shared(struct client_state *own, const struct config_client *client,
                                                 struct state *state, int64_t now_us)
{
    struct client_limits_verdict verdict = {.limited = client->rate.interval_us > 0};
    verdict.wait_us = refused_for_us(own, client, now_us);
    if (verdict.wait_us > 0) {
        verdict.refusal = CLIENT_LIMITS_RATE;
        return verdict;
    }
    atomic_fetch_add_explicit(&own->in_flight, 1, memory_order_relaxed); /* first: see renew_one() */
    int result = ask_store(own, client, state, now_us, &verdict);
    if (verdict.held)
        atomic_store(&own->holds, true);
    if (result != 0 || verdict.refusal != CLIENT_LIMITS_NONE)
        atomic_fetch_sub_explicit(&own->in_flight, 1, memory_order_relaxed);
    return result == 0 ? verdict : enter_alone(own, client, state_gateways(state), now_us);
}

struct client_limits_verdict client_limits_enter(struct client_limits *limits,
                                                 const struct config_client *client, struct state *state,
                                                 int64_t now_us)
{
    struct client_state *own = limits->clients[client->index];
    bool limited = client->rate.interval_us > 0 || client->in_flight > 0;
    if (limited && state != NULL && state_is_shared(state))
        return enter_shared(own, client, state, now_us);
    return enter_alone(own, client, 1, now_us);
}

void client_limits_leave(struct client_limits *limits, const struct config_client *client,
                         struct state *state, bool held)
{
    struct client_state *own = limits->clients[client->index];
    if (held && state_leave(state, client->name, 1) != 0)
        atomic_fetch_add(&own->ended, 1); /* it is told with the next call */
    atomic_fetch_sub_explicit(&own->in_flight, 1, memory_order_relaxed);
}

/* A call that begins just now is counted before the store is asked: where none is seen, the store has none,
 * either, but for one that it is being asked about; and that one is told again when it ends. */
static void renew_one(struct client_state *own, const struct config_client *client, struct state *state)
{
    bool any = atomic_load(&own->in_flight) > 0;
    if (!atomic_exchange(&own->holds, any))
        return;
    if (state_renew(state, client->name, any) != 0)
        atomic_store(&own->holds, true);
    else if (!any)
        atomic_store(&own->ended, 0); /* it has forgotten them all */
}

void client_limits_renew(struct client_limits *limits, struct state *state)
{
    for (const struct config_client *client = limits->config->clients; client != NULL;
         client = client->hh.next)
        if (client->in_flight > 0)
            renew_one(limits->clients[client->index], client, state);
}
