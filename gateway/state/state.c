#include "gateway/state/state.h"

#include "base/time/clock.h"
#include "base/digest.h"
#include "base/log/operator_log.h"
#include "base/text.h"
#include "base/unique_id.h"
#include "gateway/state/memory_store.h"
#include "gateway/state/redis_store.h"
#include "gateway/state/sqlite_store.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct state {
    const struct store_kind *kind;
    void *store;
    struct log *notices;
    unsigned instances;
    struct unique_id holders;
    atomic_uint failures; /* in a row */
    atomic_int_fast64_t rest_until_us;
    atomic_ullong asked, failed, spared;
    atomic_uint seen;
};

static int open_store(struct state *state, const struct config_store *config, struct err *err)
{
    char gateway[STATE_HOLDER_SIZE]; /* of this process: what an earlier one held ends by itself */
    state_holder(state, gateway);
    switch (config->kind) {
    case CONFIG_STORE_SQLITE:
        state->kind = &sqlite_store_kind;
        state->store = sqlite_store_new(config->file, gateway, err);
        break;
    case CONFIG_STORE_REDIS:
        state->kind = &redis_store_kind;
        state->store = redis_store_new(config, gateway, state->notices, err);
        break;
    default:
        state->kind = &memory_store_kind;
        state->store = memory_store_new(NULL);
        break;
    }
    return state->store == NULL ? err_memory(err) : 0; /* the first cause wins */
}

struct state *state_open(const struct config_store *config, struct log *notices, struct err *err)
{
    struct state *state = calloc(1, sizeof *state);
    if (state == NULL) {
        err_memory(err);
        return NULL;
    }
    state->notices = notices;
    state->instances = (unsigned)config->instances;
    atomic_init(&state->seen, 1);
    if (unique_id_init(&state->holders) != 0)
        err_set(err, ERR_CRYPTO, "the system gives no randomness");
    else if (open_store(state, config, err) == 0)
        return state;
    free(state);
    return NULL;
}

void state_close(struct state *state)
{
    if (state == NULL)
        return;
    state->kind->close(state->store);
    free(state);
}

bool state_is_shared(const struct state *state)
{
    return state->kind->shared;
}

/* ---- the breaker ---- */

/* One question at a time finds out whether a store that was away is back. */
static bool may_ask(struct state *state)
{
    if (atomic_load(&state->failures) < STATE_FAILURES)
        return true;
    int64_t now_us = clock_monotonic_us();
    int_fast64_t until = atomic_load(&state->rest_until_us);
    return now_us >= until &&
           atomic_compare_exchange_strong(&state->rest_until_us, &until, now_us + STATE_REST_US);
}

static bool ask(struct state *state)
{
    bool may = may_ask(state);
    atomic_fetch_add_explicit(may ? &state->asked : &state->spared, 1, memory_order_relaxed);
    return may;
}

/* Takes what the store said, and says it. */
static int note(struct state *state, int result)
{
    if (result == 0) {
        if (atomic_load_explicit(&state->failures, memory_order_relaxed) != 0 &&
            atomic_exchange(&state->failures, 0) >= STATE_FAILURES)
            operator_log_write(state->notices, "the %s store answers again", state->kind->name);
        return 0;
    }
    atomic_fetch_add_explicit(&state->failed, 1, memory_order_relaxed);
    if (atomic_fetch_add(&state->failures, 1) == STATE_FAILURES - 1) {
        atomic_store(&state->rest_until_us, clock_monotonic_us() + STATE_REST_US);
        operator_log_warn(state->notices,
                          "the %s store does not answer: limits are each gateway's own, divided by %u, and a "
                          "change with an Idempotency-Key is refused",
                          state->kind->name, state_gateways(state));
    }
    return -1;
}

/* ---- the face ---- */

int state_enter(struct state *state, const struct state_limit *limit, struct state_verdict *verdict)
{
    return ask(state) ? note(state, state->kind->enter(state->store, limit, verdict)) : -1;
}

int state_hold(struct state *state, const char *client, int64_t own)
{
    return ask(state) ? note(state, state->kind->hold(state->store, client, own)) : -1;
}

/* Of a key only its hash goes into a store: it may be as long as 255 bytes, and may say something. */
static int hash_key(const struct state_key *key, char hash[DIGEST_TEXT_SIZE], struct state_key *hashed)
{
    struct digest *digest = digest_new();
    digest_add(digest, key->key, strlen(key->key));
    *hashed = *key;
    hashed->key = hash;
    return digest_end(digest, hash);
}

int state_claim(struct state *state, const struct state_key *key, int64_t within_ms, int64_t keep_ms,
                const char *text, struct arena *arena, struct state_claimed *claimed)
{
    char hash[DIGEST_TEXT_SIZE];
    struct state_key hashed;
    claimed->asked = false;
    if (hash_key(key, hash, &hashed) != 0 || !ask(state))
        return -1;
    int result = state->kind->claim(state->store, &hashed, within_ms, keep_ms, text, arena, claimed);
    claimed->asked = true;
    return note(state, result);
}

int state_settle(struct state *state, const struct state_key *key, int64_t keep_ms, const char *answer,
                 size_t length)
{
    char hash[DIGEST_TEXT_SIZE];
    struct state_key hashed;
    if (hash_key(key, hash, &hashed) != 0 || length > STATE_BYTES_MAX || !ask(state))
        return -1;
    return note(state, state->kind->settle(state->store, &hashed, keep_ms, answer, length));
}

int state_release(struct state *state, const struct state_key *key)
{
    char hash[DIGEST_TEXT_SIZE];
    struct state_key hashed;
    if (hash_key(key, hash, &hashed) != 0 || !ask(state))
        return -1;
    return note(state, state->kind->release(state->store, &hashed));
}

void state_holder(struct state *state, char out[STATE_HOLDER_SIZE])
{
    unsigned char bytes[UNIQUE_ID_SIZE];
    unique_id_take(&state->holders, bytes);
    text_hex(bytes, sizeof bytes, out);
}

int state_freeze(struct state *state, const char *name, const char *text, int64_t for_ms)
{
    if (strlen(name) > STATE_NAME_MAX || strlen(text) > STATE_FREEZE_MAX || !ask(state))
        return -1;
    return note(state, state->kind->freeze(state->store, name, text, for_ms));
}

int state_thaw(struct state *state, const char *name)
{
    return ask(state) ? note(state, state->kind->thaw(state->store, name)) : -1;
}

int state_freezes(struct state *state, struct arena *arena, struct state_freeze **freezes, size_t *count)
{
    return ask(state) ? note(state, state->kind->freezes(state->store, arena, freezes, count)) : -1;
}

/* FNV-1a: which shard a name is in must not depend on the machine. */
unsigned state_use_shard(const char *name)
{
    uint32_t hash = UINT32_C(2166136261);
    for (const char *at = name; *at != '\0'; at++)
        hash = (hash ^ (unsigned char)*at) * UINT32_C(16777619);
    return hash % STATE_USE_SHARDS;
}

int state_used(struct state *state, unsigned shard, const struct state_use *uses, size_t count,
               int64_t keep_ms)
{
    if (count > STATE_USES_TOLD || !ask(state))
        return -1;
    return note(state, state->kind->used(state->store, shard, uses, count, keep_ms));
}

int state_uses(struct state *state, unsigned shard, struct arena *arena, struct state_use **uses,
               size_t *count)
{
    *count = 0;
    return ask(state) ? note(state, state->kind->uses(state->store, shard, arena, uses, count)) : -1;
}

int state_announce(struct state *state, unsigned *seen)
{
    if (!ask(state) || note(state, state->kind->announce(state->store, seen)) != 0)
        return -1;
    atomic_store_explicit(&state->seen, *seen, memory_order_relaxed);
    return 0;
}

unsigned state_gateways(const struct state *state)
{
    unsigned seen = atomic_load_explicit(&state->seen, memory_order_relaxed);
    unsigned known = seen < state->instances ? seen : state->instances;
    return known == 0 ? 1 : known;
}

struct state_look state_look(const struct state *state)
{
    return (struct state_look){
        .store = state->kind->name,
        .server = state->kind->server(state->store),
        .away = atomic_load(&state->failures) >= STATE_FAILURES,
        .asked = atomic_load(&state->asked),
        .failed = atomic_load(&state->failed),
        .spared = atomic_load(&state->spared),
        .gateways = state_gateways(state),
    };
}
