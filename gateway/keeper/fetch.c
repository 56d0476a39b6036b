#include "gateway/keeper/fetch.h"

#include "base/clock.h"
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
    upstream_pool_send(slot, now_us, now_us + fetch->config->issuers[which].timeout * 1000, result, &why);
    if (result->end == UPSTREAM_HEALTH_ANSWERED)
        return 0;
    return err_set(err, ERR_SYSTEM, "%s cannot be asked: %s", names[which], why.text);
}

int64_t fetch_clock(const struct upstream_pool_result *result)
{
    return result->has_date ? result->clock.date : clock_wall_ms() / 1000;
}

int fetch_run(struct fetch *fetch, struct err *err)
{
    static int (*const kinds[])(struct fetch *, struct err *) = {
        [CONFIG_ROLE] = metadata_fetch,
        [CONFIG_WEB_IDENTITY] = sts_fetch,
        [CONFIG_ASSUME_ROLE] = sts_fetch,
        [CONFIG_COMMAND] = program_fetch,
    };
    return kinds[fetch->credential->issuer->kind](fetch, err);
}
