#include "gateway/upstream/back.h"

#include "base/clock.h"
#include "gateway/upstream/back_line.h"
#include "gateway/upstream/pool.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct back_pool;

struct back_slot {
    struct back_pool *pool;
    size_t place; /* in it */
    struct back_line *line;
    struct signer *signers[2];  /* of the upstream's credential and its spare */
    struct breaker_entry entry; /* of the next attempt */
};

struct back_pool {
    const struct config_upstream *upstream;
    struct upstream *known;
    struct back_site *site;
    struct pool slots;
    atomic_uint credential; /* that worked last */
    atomic_uint resting;
};

struct back {
    struct back_pool *pools;
    size_t count;
};

/* ---- one slot ---- */

static void slot_free(struct back_slot *slot)
{
    if (slot == NULL)
        return;
    back_line_free(slot->line);
    signer_free(slot->signers[0]);
    signer_free(slot->signers[1]);
    free(slot);
}

static struct back_slot *slot_new(struct back_pool *pool)
{
    const struct config_upstream *upstream = pool->upstream;
    struct back_slot *slot = calloc(1, sizeof *slot);
    if (slot == NULL)
        return NULL;
    slot->pool = pool;
    slot->signers[0] = signer_new(upstream, upstream->credential, NULL);
    slot->signers[1] = upstream->spare == NULL ? NULL : signer_new(upstream, upstream->spare, NULL);
    slot->line = back_line_new(pool->site);
    if (slot->signers[0] == NULL || (upstream->spare != NULL && slot->signers[1] == NULL) ||
        slot->line == NULL) {
        slot_free(slot);
        return NULL;
    }
    return slot;
}

struct signer *back_signer(struct back_slot *slot, unsigned credential)
{
    return slot->signers[credential];
}

struct signed_request *back_request(struct back_slot *slot)
{
    return back_line_request(slot->line);
}

struct upstream *back_upstream(struct back_slot *slot)
{
    return slot->pool->known;
}

unsigned back_credential(const struct back_slot *slot)
{
    return atomic_load_explicit(&slot->pool->credential, memory_order_relaxed);
}

bool back_prefer(struct back_slot *slot, unsigned credential)
{
    return atomic_exchange_explicit(&slot->pool->credential, credential, memory_order_relaxed) != credential;
}

void back_distrust(struct back_slot *slot)
{
    back_line_distrust(slot->line);
}

/* ---- a pool ---- */

/* What is known of the same upstream, or nothing yet. */
static struct upstream *known_before(const struct back *previous, const struct config_upstream *upstream)
{
    for (size_t i = 0; previous != NULL && i < previous->count; i++) {
        const struct config_upstream *same = previous->pools[i].upstream;
        if (strcmp(same->name, upstream->name) == 0 && strcmp(same->url.text, upstream->url.text) == 0)
            return upstream_hold(previous->pools[i].known);
    }
    return upstream_new();
}

static int back_pool_init(struct back_pool *pool, const struct config_upstream *upstream, size_t slots,
                          const struct back *previous, const atomic_bool *abandoned, struct err *err)
{
    if (pool_init(&pool->slots, slots, err) != 0)
        return -1;
    pool->upstream = upstream;
    pool->known = known_before(previous, upstream);
    if (pool->known == NULL)
        return err_memory(err);
    retry_budget_set(&pool->known->budget, upstream->slots);
    pool->site = back_line_site(upstream, abandoned, err);
    return pool->site == NULL ? -1 : 0;
}

static void back_pool_done(struct back_pool *pool)
{
    if (pool->upstream == NULL)
        return; /* never begun */
    for (size_t place = 1; place <= pool->slots.most; place++)
        slot_free(*pool_at(&pool->slots, place));
    pool_done(&pool->slots);
    back_line_site_free(pool->site);
    upstream_release(pool->known);
}

static struct back_pool *find_pool(struct back *back, const struct config_upstream *upstream)
{
    size_t index = 0;
    while (index + 1 < back->count && back->pools[index].upstream != upstream)
        index++;
    return &back->pools[index];
}

/* A slot of the pool's, without its breaker; NULL: none, and *failed tells when one could not be made. */
static struct back_slot *take_slot(struct back_pool *pool, bool *failed)
{
    size_t place = pool_take(&pool->slots, BACK_WAIT_MS);
    if (place == 0)
        return NULL;
    struct back_slot *slot = *pool_at(&pool->slots, place);
    if (slot == NULL) {
        slot = slot_new(pool);
        *pool_at(&pool->slots, place) = slot;
    }
    *failed = slot == NULL;
    if (*failed)
        pool_give(&pool->slots, place);
    else
        slot->place = place;
    return slot;
}

/* The breaker is asked first: a call that it refuses waits for no slot. */
struct back_slot *back_take(struct back *back, const struct config_upstream *upstream,
                            struct back_refusal *refusal)
{
    struct back_pool *pool = find_pool(back, upstream);
    struct breaker *breaker = &pool->known->breaker;
    struct breaker_entry entry = breaker_enter(breaker, clock_monotonic_us());
    *refusal = (struct back_refusal){.open = entry.pass == BREAKER_REFUSED, .wait_us = entry.wait_us};
    if (refusal->open) {
        atomic_fetch_add_explicit(&pool->known->refused, 1, memory_order_relaxed);
        return NULL;
    }
    struct back_slot *slot = take_slot(pool, &refusal->failed);
    if (slot == NULL) {
        breaker_cancel(breaker, &entry);
        atomic_fetch_add_explicit(&pool->known->full, 1, memory_order_relaxed);
        return NULL;
    }
    slot->entry = entry;
    return slot;
}

bool back_is_short(struct back *back, const struct config_upstream *upstream)
{
    return pool_is_short(&find_pool(back, upstream)->slots);
}

void back_give(struct back_slot *slot)
{
    breaker_cancel(&slot->pool->known->breaker, &slot->entry); /* unless it has been noted */
    back_line_rest(slot->line);
    pool_give(&slot->pool->slots, slot->place);
}

bool back_rest(struct back_slot *slot)
{
    struct back_pool *pool = slot->pool;
    unsigned most = (unsigned)pool->slots.most / 4 + 1;
    if (atomic_fetch_add_explicit(&pool->resting, 1, memory_order_relaxed) >= most) {
        atomic_fetch_sub_explicit(&pool->resting, 1, memory_order_relaxed);
        return false;
    }
    back_give(slot);
    return true;
}

void back_wake(struct back *back, const struct config_upstream *upstream)
{
    atomic_fetch_sub_explicit(&find_pool(back, upstream)->resting, 1, memory_order_relaxed);
}

/* ---- all pools ---- */

/* Its part of all that can be open, by what each is configured to have. */
static size_t slots_of(const struct config *config, const struct config_upstream *upstream,
                       size_t connections)
{
    size_t all = 0;
    size_t mine = (size_t)upstream->slots;
    for (size_t i = 0; i < config->upstream_count; i++)
        all += (size_t)config->upstreams[i].slots;
    if (all <= connections)
        return mine;
    mine = mine * connections / all;
    return mine == 0 ? 1 : mine;
}

struct back *back_new(const struct config *config, const struct back *previous, size_t connections,
                      const atomic_bool *abandoned, struct err *err)
{
    struct back *back = calloc(1, sizeof *back);
    if (back != NULL)
        back->pools = calloc(config->upstream_count, sizeof *back->pools);
    if (back == NULL || back->pools == NULL) {
        err_memory(err);
        free(back);
        return NULL;
    }
    back->count = config->upstream_count;
    for (size_t i = 0; i < back->count; i++) {
        const struct config_upstream *upstream = &config->upstreams[i];
        if (back_pool_init(&back->pools[i], upstream, slots_of(config, upstream, connections), previous,
                           abandoned, err) != 0) {
            back_free(back);
            return NULL;
        }
    }
    return back;
}

void back_free(struct back *back)
{
    if (back == NULL)
        return;
    for (size_t i = 0; i < back->count; i++)
        back_pool_done(&back->pools[i]);
    free(back->pools);
    free(back);
}

void back_look(const struct back *back, size_t index, struct back_state *state)
{
    const struct back_pool *pool = &back->pools[index];
    const struct config_upstream *upstream = pool->upstream;
    const struct upstream *known = pool->known;
    bool spare = atomic_load(&pool->credential) != 0;
    *state = (struct back_state){.name = upstream->name,
                                 .breaker = breaker_state(&known->breaker),
                                 .slots = (unsigned)pool->slots.most,
                                 .used = atomic_load(&pool->slots.used),
                                 .waiting = atomic_load(&pool->slots.waiting),
                                 .resting = atomic_load(&pool->resting),
                                 .retries = atomic_load(&known->retries),
                                 .refused = atomic_load(&known->refused),
                                 .full = atomic_load(&known->full),
                                 .skew_s = skew_told(&known->skew),
                                 .credential = (spare ? upstream->spare : upstream->credential)->name,
                                 .not_credential = spare ? upstream->credential->name : NULL};
    for (size_t i = 0; i < UPSTREAM_ENDS; i++)
        state->ends[i] = atomic_load(&known->ends[i]);
}

/* ---- sending ---- */

/* What this attempt has taught about the upstream; `hurried`: it had less than half of the time that the
 * upstream is given, because its request had no more. */
static void learn(struct back_slot *slot, struct back_result *result, bool hurried)
{
    struct upstream *known = slot->pool->known;
    bool good = result->end != UPSTREAM_NOT_SENT && result->end != UPSTREAM_LATE;
    atomic_fetch_add_explicit(&known->ends[result->end], 1, memory_order_relaxed);
    if (result->end == UPSTREAM_FAILED || result->no_descriptor || (result->timed_out && hurried))
        breaker_cancel(&known->breaker, &slot->entry); /* of ours, not of the upstream's */
    else
        result->breaker = breaker_note(&known->breaker, &slot->entry, good, result->ended_us);
    slot->entry = (struct breaker_entry){.pass = BREAKER_CALL, .began_us = result->ended_us};
    if (result->end == UPSTREAM_ANSWERED && result->has_date)
        result->skew = skew_observe(&known->skew, &result->clock);
}

void back_send(struct back_slot *slot, int64_t now_us, int64_t until_us, struct back_result *result,
               struct err *err)
{
    back_line_connect(slot->line, now_us, until_us);
    pool_grown(&slot->pool->slots, slot->place);
    back_line_send(slot->line, until_us, result, err);
    learn(slot, result, until_us - now_us < slot->pool->upstream->timeout * 1000 / 2);
}
