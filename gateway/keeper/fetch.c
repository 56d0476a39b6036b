#include "gateway/keeper/fetch.h"

#include "base/time/clock.h"
#include "gateway/keeper/metadata.h"
#include "gateway/keeper/program.h"
#include "gateway/keeper/sts.h"

#include <string.h>

static const char *const names[CONFIG_ISSUERS] = {
    [CONFIG_METADATA] = "the metadata service", [CONFIG_STS] = "STS"};

struct upstream_pool_slot *fetch_slot(const struct fetch *fetch, size_t which, struct err *err)
{
    struct upstream_pool_refusal refusal;
    struct upstream_pool_slot *slot =
        upstream_pool_take(fetch->back, &fetch->config->issuers[which], &refusal);
    if (slot == NULL)
        err_set(err, ERR_SYSTEM, "%s %s", names[which],
                refusal.open ? "cannot be reached: its circuit breaker is open" : "has no slot left");
    return slot;
}

int fetch_send(const struct fetch *fetch, size_t which, struct upstream_pool_slot *slot,
               struct upstream_pool_result *result, struct err *err)
{
    struct err why = {0};
    int64_t now_us = clock_monotonic_us();
    int64_t until_us = now_us + fetch->config->issuers[which].timeout * 1000;
    if (fetch->until_us != 0 && fetch->until_us < until_us)
        until_us = fetch->until_us;
    upstream_pool_write(slot, now_us, until_us);
    upstream_pool_read(slot, until_us, result, &why);
    if (result->end == UPSTREAM_HEALTH_ANSWERED)
        return 0;
    return err_set(err, ERR_SYSTEM, "%s cannot be asked: %s", names[which], why.text);
}

int64_t fetch_clock(const struct upstream_pool_result *result)
{
    return result->has_date ? result->clock.date : clock_wall_ms() / 1000;
}

/* The files of what signed may have something else by now: for the next fetch, which takes what is there.
 * One that is issued itself is the keeper's to fetch: keeper.c. */
static void read_again(const struct fetch *fetch)
{
    struct err news = {0};
    if (!fetch->from_refused || fetch->from == NULL || fetch->credential->issuer->from->issuer != NULL)
        return;
    bool newer = renewal_ask(fetch->from, fetch->from_number, clock_monotonic_us(), &news);
    (void)newer;
}

/* The secrets: how long it lives, or why there is none, may be known. */
static void forget(struct issued *issued)
{
    struct issued plain = {.left_us = issued->left_us};
    memcpy(plain.code, issued->code, sizeof plain.code);
    issued_done(issued);
    *issued = plain;
}

static int ask(struct fetch *fetch, struct err *err)
{
    static int (*const kinds[])(struct fetch *, struct err *) = {
        [CONFIG_ROLE] = metadata_fetch,
        [CONFIG_WEB_IDENTITY] = sts_fetch,
        [CONFIG_ASSUME_ROLE] = sts_fetch,
        [CONFIG_COMMAND] = program_fetch,
    };
    return kinds[fetch->credential->issuer->kind](fetch, err);
}

int fetch_run(struct fetch *fetch, struct renewal_version **version, struct err *err)
{
    *version = NULL;
    fetch->arena = arena_new(FETCH_ARENA);
    if (fetch->arena == NULL)
        return err_memory(err);
    int result = ask(fetch, err);
    if (result == 0) {
        fetch->issued.parts.name = fetch->credential->name;
        *version = renewal_version_new(&fetch->issued.parts, clock_monotonic_us() + fetch->issued.left_us);
        result = *version == NULL ? err_memory(err) : 0;
    }
    arena_free(fetch->arena);
    fetch->arena = NULL;
    forget(&fetch->issued);
    read_again(fetch);
    return result;
}
