/* One file, longer than others, because a slot's way is one story: taken, set up, used by one thread, given
 * back or closed. */
#include "gateway/upstream/upstream_pool.h"

#include "base/time/clock.h"
#include "gateway/upstream/renewal.h"
#include "gateway/upstream/slots.h"
#include "gateway/upstream/upstream_conn.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct upstream_pool_pool;

struct upstream_pool_slot {
    struct upstream_pool_pool *pool;
    size_t place; /* in it */
    struct upstream_conn *line;
    struct signer *signers[2];           /* of the upstream's credential and its spare */
    struct renewal_version *versions[2]; /* what they sign with, held; NULL: what the configuration has */
    struct breaker_entry entry;          /* of the next attempt */
    int64_t written_us;                  /* when the attempt began */
};

struct upstream_pool_pool {
    const struct config_upstream *upstream;
    struct upstream_health *known;
    struct back_site *site;
    struct slots slots;
    struct renewal *renewals[2]; /* of both; NULL: they stay what they are */
    atomic_uint credential;      /* that worked last */
    atomic_uint refused;         /* bit 0: the first credential, bit 1: its spare */
    atomic_uint resting;
};

struct upstream_pool {
    struct upstream_pool_pool *pools;
    size_t count;
};

/* ---- one slot ---- */

static void slot_free(struct upstream_pool_slot *slot)
{
    if (slot == NULL)
        return;
    upstream_conn_free(slot->line);
    for (int i = 0; i < 2; i++) {
        signer_free(slot->signers[i]);
        renewal_version_release(slot->versions[i]);
    }
    free(slot);
}

/* One that is issued has nothing to sign with yet; *signer NULL. */
static int make_signer(const struct config_upstream *upstream, const struct config_credential *credential,
                       struct signer **signer)
{
    *signer = NULL;
    if (credential == NULL || credential->key == NULL)
        return 0;
    *signer = signer_new(upstream, credential, NULL);
    return *signer == NULL ? -1 : 0;
}

static struct upstream_pool_slot *slot_new(struct upstream_pool_pool *pool)
{
    const struct config_upstream *upstream = pool->upstream;
    struct upstream_pool_slot *slot = calloc(1, sizeof *slot);
    if (slot == NULL)
        return NULL;
    slot->pool = pool;
    slot->line = upstream_conn_new(pool->site);
    if (make_signer(upstream, upstream->credential, &slot->signers[0]) != 0 ||
        make_signer(upstream, upstream->fallback, &slot->signers[1]) != 0 || slot->line == NULL) {
        slot_free(slot);
        return NULL;
    }
    return slot;
}

static unsigned number_of(const struct upstream_pool_slot *slot, unsigned credential)
{
    return slot->versions[credential] == NULL ? 0 : slot->versions[credential]->number;
}

/* Where memory is out it signs with what it has, and is refused. */
static void renew_signer(struct upstream_pool_slot *slot, unsigned credential,
                         struct renewal_version *version)
{
    struct signer *signer = signer_new(slot->pool->upstream, &version->credential, NULL);
    if (signer == NULL) {
        renewal_version_release(version);
        return;
    }
    signer_free(slot->signers[credential]);
    renewal_version_release(slot->versions[credential]);
    slot->signers[credential] = signer;
    slot->versions[credential] = version;
}

static bool has_ended(const struct upstream_pool_slot *slot, unsigned credential, int64_t now_us)
{
    const struct renewal_version *version = slot->versions[credential];
    return version != NULL && version->expires_us <= now_us;
}

struct signer *upstream_pool_signer(struct upstream_pool_slot *slot, unsigned credential, int64_t now_us,
                                    struct err *err)
{
    struct renewal *renewal = slot->pool->renewals[credential];
    if (renewal == NULL)
        return slot->signers[credential];
    if (slot->signers[credential] == NULL || renewal_number(renewal) != number_of(slot, credential) ||
        has_ended(slot, credential, now_us)) {
        struct renewal_version *version = renewal_take(renewal, now_us, INT64_MAX, err);
        if (version == NULL)
            return NULL;
        renew_signer(slot, credential, version);
        if (slot->signers[credential] == NULL)
            err_memory(err);
    }
    return slot->signers[credential];
}

struct signer *upstream_pool_signer_of(struct upstream_pool_slot *slot, unsigned credential,
                                       struct renewal_version *version)
{
    if (slot->versions[credential] == version)
        return slot->signers[credential];
    renew_signer(slot, credential, renewal_version_hold(version));
    return slot->versions[credential] == version ? slot->signers[credential] : NULL;
}

const struct config_credential *upstream_pool_signed(const struct upstream_pool_slot *slot,
                                                     unsigned credential)
{
    const struct signer *signer = slot->signers[credential];
    return signer == NULL ? NULL : signer_credential(signer);
}

bool upstream_pool_renew(struct upstream_pool_slot *slot, unsigned credential, struct err *news)
{
    struct renewal *renewal = slot->pool->renewals[credential];
    return renewal != NULL && renewal_ask(renewal, number_of(slot, credential), clock_monotonic_us(), news);
}

struct signed_request *upstream_pool_request(struct upstream_pool_slot *slot)
{
    return upstream_conn_request(slot->line);
}

struct upstream_health *upstream_pool_upstream(struct upstream_pool_slot *slot)
{
    return slot->pool->known;
}

bool upstream_pool_prefer(struct upstream_pool_slot *slot, unsigned credential)
{
    return atomic_exchange_explicit(&slot->pool->credential, credential, memory_order_relaxed) != credential;
}

bool upstream_pool_note_credential(struct upstream_pool_slot *slot, unsigned credential, bool refused)
{
    unsigned bit = 1U << credential;
    unsigned before = atomic_load_explicit(&slot->pool->refused, memory_order_relaxed);
    if (((before & bit) != 0) == refused) /* as nearly always */
        return false;
    before =
        refused ? atomic_fetch_or(&slot->pool->refused, bit) : atomic_fetch_and(&slot->pool->refused, ~bit);
    return ((before & bit) != 0) != refused;
}

/* The one that calls begin with, if it is refused; or else the other. */
static const char *refused_name(const struct upstream_pool_pool *pool)
{
    const struct config_credential *const both[] = {pool->upstream->credential, pool->upstream->fallback};
    unsigned refused = atomic_load(&pool->refused);
    unsigned first = atomic_load(&pool->credential);
    if ((refused & 1U << first) != 0)
        return both[first]->name;
    return refused == 0 ? NULL : both[!first]->name;
}

void upstream_pool_distrust(struct upstream_pool_slot *slot)
{
    upstream_conn_distrust(slot->line);
}

/* ---- a pool ---- */

/* What is known of the same upstream, or nothing yet. */
static struct upstream_health *known_before(const struct upstream_pool *previous,
                                            const struct config_upstream *upstream)
{
    for (size_t i = 0; previous != NULL && i < previous->count; i++) {
        const struct config_upstream *same = previous->pools[i].upstream;
        if (strcmp(config_title(same), config_title(upstream)) == 0 &&
            strcmp(same->url.text, upstream->url.text) == 0)
            return upstream_health_hold(previous->pools[i].known);
    }
    return upstream_health_new();
}

/* That of the keeper, or one of its own. */
static int find_renewal(const struct config_credential *credential, const struct upstream_pool_kept *kept,
                        struct renewal **renewal)
{
    *renewal = NULL;
    if (credential == NULL)
        return 0;
    if (credential->issuer == NULL)
        return renewal_new(credential, renewal);
    if (kept != NULL)
        *renewal = renewal_hold(kept->renewals[credential - kept->credentials]);
    return 0;
}

static int back_pool_init(struct upstream_pool_pool *pool, const struct config_upstream *upstream,
                          const struct upstream_pool_kept *kept, size_t slots,
                          const struct upstream_pool *previous, const atomic_bool *abandoned, struct err *err)
{
    if (slots_init(&pool->slots, slots, err) != 0)
        return -1;
    pool->upstream = upstream;
    pool->known = known_before(previous, upstream);
    if (pool->known == NULL)
        return err_memory(err);
    if (find_renewal(upstream->credential, kept, &pool->renewals[0]) != 0 ||
        find_renewal(upstream->fallback, kept, &pool->renewals[1]) != 0)
        return err_memory(err);
    retry_budget_set(&pool->known->budget, upstream->slots);
    pool->site = upstream_conn_site(upstream, abandoned, err);
    return pool->site == NULL ? -1 : 0;
}

static void back_pool_done(struct upstream_pool_pool *pool)
{
    if (pool->upstream == NULL)
        return; /* never begun */
    for (size_t place = 1; place <= pool->slots.most; place++)
        slot_free(*slots_at(&pool->slots, place));
    slots_done(&pool->slots);
    upstream_conn_site_free(pool->site);
    renewal_release(pool->renewals[0]);
    renewal_release(pool->renewals[1]);
    upstream_health_release(pool->known);
}

static struct upstream_pool_pool *find_pool(struct upstream_pool *back,
                                            const struct config_upstream *upstream)
{
    size_t index = 0;
    while (index + 1 < back->count && back->pools[index].upstream != upstream)
        index++;
    return &back->pools[index];
}

/* A slot of the pool's, without its breaker; NULL: none, and *failed tells when one could not be made. */
static struct upstream_pool_slot *take_slot(struct upstream_pool_pool *pool, bool *failed)
{
    size_t place = slots_take(&pool->slots, UPSTREAM_POOL_WAIT_MS);
    if (place == 0)
        return NULL;
    struct upstream_pool_slot *slot = *slots_at(&pool->slots, place);
    if (slot == NULL) {
        slot = slot_new(pool);
        *slots_at(&pool->slots, place) = slot;
    }
    *failed = slot == NULL;
    if (*failed)
        slots_give(&pool->slots, place);
    else
        slot->place = place;
    return slot;
}

/* The breaker is asked first: a call that it refuses waits for no slot. */
struct upstream_pool_slot *upstream_pool_take(struct upstream_pool *back,
                                              const struct config_upstream *upstream,
                                              struct upstream_pool_refusal *refusal)
{
    struct upstream_pool_pool *pool = find_pool(back, upstream);
    struct breaker *breaker = &pool->known->breaker;
    struct breaker_entry entry = breaker_enter(breaker, clock_monotonic_us());
    *refusal =
        (struct upstream_pool_refusal){.open = entry.pass == BREAKER_REFUSED, .wait_us = entry.wait_us};
    if (refusal->open) {
        atomic_fetch_add_explicit(&pool->known->refused, 1, memory_order_relaxed);
        return NULL;
    }
    struct upstream_pool_slot *slot = take_slot(pool, &refusal->failed);
    if (slot == NULL) {
        breaker_cancel(breaker, &entry);
        atomic_fetch_add_explicit(&pool->known->full, 1, memory_order_relaxed);
        return NULL;
    }
    slot->entry = entry;
    return slot;
}

unsigned upstream_pool_credential(struct upstream_pool *back, const struct config_upstream *upstream)
{
    return atomic_load_explicit(&find_pool(back, upstream)->credential, memory_order_relaxed);
}

bool upstream_pool_is_short(struct upstream_pool *back, const struct config_upstream *upstream)
{
    return slots_is_short(&find_pool(back, upstream)->slots);
}

bool upstream_pool_has_room(struct upstream_pool *back, const struct config_upstream *upstream)
{
    const struct slots *slots = &find_pool(back, upstream)->slots;
    return atomic_load_explicit(&slots->used, memory_order_relaxed) < slots->most / 2;
}

void upstream_pool_give(struct upstream_pool_slot *slot)
{
    breaker_cancel(&slot->pool->known->breaker, &slot->entry); /* unless it has been noted */
    upstream_conn_rest(slot->line);
    slots_give(&slot->pool->slots, slot->place);
}

bool upstream_pool_rest(struct upstream_pool_slot *slot)
{
    struct upstream_pool_pool *pool = slot->pool;
    unsigned most = (unsigned)pool->slots.most / 4 + 1;
    if (atomic_fetch_add_explicit(&pool->resting, 1, memory_order_relaxed) >= most) {
        atomic_fetch_sub_explicit(&pool->resting, 1, memory_order_relaxed);
        return false;
    }
    upstream_pool_give(slot);
    return true;
}

void upstream_pool_wake(struct upstream_pool *back, const struct config_upstream *upstream)
{
    atomic_fetch_sub_explicit(&find_pool(back, upstream)->resting, 1, memory_order_relaxed);
}

/* ---- all pools ---- */

/* Its part of all that can be open, by what each is configured to have. */
static size_t slots_of(const struct config_upstream *upstreams, size_t count,
                       const struct config_upstream *upstream, size_t connections)
{
    size_t all = 0;
    size_t mine = (size_t)upstream->slots;
    for (size_t i = 0; i < count; i++)
        all += (size_t)upstreams[i].slots;
    if (all <= connections)
        return mine;
    mine = mine * connections / all;
    return mine == 0 ? 1 : mine;
}

struct upstream_pool *upstream_pool_new(const struct config_upstream *upstreams, size_t count,
                                        const struct upstream_pool_kept *kept,
                                        const struct upstream_pool *previous, size_t connections,
                                        const atomic_bool *abandoned, struct err *err)
{
    struct upstream_pool *back = calloc(1, sizeof *back);
    if (back != NULL)
        back->pools = calloc(count, sizeof *back->pools);
    if (back == NULL || back->pools == NULL) {
        err_memory(err);
        free(back);
        return NULL;
    }
    back->count = count;
    for (size_t i = 0; i < back->count; i++) {
        const struct config_upstream *upstream = &upstreams[i];
        if (back_pool_init(&back->pools[i], upstream, kept, slots_of(upstreams, count, upstream, connections),
                           previous, abandoned, err) != 0) {
            upstream_pool_free(back);
            return NULL;
        }
    }
    return back;
}

void upstream_pool_free(struct upstream_pool *back)
{
    if (back == NULL)
        return;
    for (size_t i = 0; i < back->count; i++)
        back_pool_done(&back->pools[i]);
    free(back->pools);
    free(back);
}

void upstream_pool_look(const struct upstream_pool *back, size_t index, struct upstream_pool_state *state)
{
    const struct upstream_pool_pool *pool = &back->pools[index];
    const struct config_upstream *upstream = pool->upstream;
    const struct upstream_health *known = pool->known;
    bool spare = atomic_load(&pool->credential) != 0;
    *state =
        (struct upstream_pool_state){.name = upstream->name,
                                     .account = config_account_name(upstream),
                                     .title = config_title(upstream),
                                     .breaker = breaker_state(&known->breaker),
                                     .slots = (unsigned)pool->slots.most,
                                     .used = atomic_load(&pool->slots.used),
                                     .waiting = atomic_load(&pool->slots.waiting),
                                     .resting = atomic_load(&pool->resting),
                                     .retries = atomic_load(&known->retries),
                                     .refused = atomic_load(&known->refused),
                                     .full = atomic_load(&known->full),
                                     .skew_s = clock_skew_told(&known->skew),
                                     .credential = (spare ? upstream->fallback : upstream->credential)->name,
                                     .not_credential = refused_name(pool)};
    for (size_t i = 0; i < UPSTREAM_HEALTH_ENDS; i++)
        state->ends[i] = atomic_load(&known->ends[i]);
}

/* ---- sending ---- */

/* What this attempt has taught about the upstream; `hurried`: it had less than half of the time that the
 * upstream is given, because its request had no more. */
static void learn(struct upstream_pool_slot *slot, struct upstream_pool_result *result, bool hurried)
{
    struct upstream_health *known = slot->pool->known;
    bool good = result->end != UPSTREAM_HEALTH_NOT_SENT && result->end != UPSTREAM_HEALTH_LATE;
    atomic_fetch_add_explicit(&known->ends[result->end], 1, memory_order_relaxed);
    if (result->end == UPSTREAM_HEALTH_FAILED || result->no_descriptor || (result->timed_out && hurried))
        breaker_cancel(&known->breaker, &slot->entry); /* of ours, not of the upstream's */
    else
        result->breaker = breaker_note(&known->breaker, &slot->entry, good, result->ended_us);
    slot->entry = (struct breaker_entry){.pass = BREAKER_CALL, .began_us = result->ended_us};
    if (result->end == UPSTREAM_HEALTH_ANSWERED && result->has_date)
        result->skew = clock_skew_observe(&known->skew, &result->clock);
}

void upstream_pool_write(struct upstream_pool_slot *slot, int64_t now_us, int64_t until_us)
{
    slot->written_us = now_us;
    upstream_conn_connect(slot->line, now_us, until_us);
    slots_grown(&slot->pool->slots, slot->place);
    upstream_conn_write(slot->line, until_us);
}

void upstream_pool_read(struct upstream_pool_slot *slot, int64_t until_us,
                        struct upstream_pool_result *result, struct err *err)
{
    upstream_conn_read(slot->line, until_us, result, err);
    learn(slot, result, until_us - slot->written_us < slot->pool->upstream->timeout * 1000 / 2);
}
