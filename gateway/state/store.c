#include "gateway/state/store.h"

/* What was used under another rate counts as so many calls, and never as more than the burst; so does a clock
 * that was set back. */
static int64_t adapted(const struct store_bucket *bucket, const struct rate *rate, int64_t now_us)
{
    int64_t left_us = bucket->full_us > now_us ? bucket->full_us - now_us : 0;
    int64_t room_us = rate->interval_us * rate->burst;
    if (bucket->interval_us > 0 && bucket->interval_us != rate->interval_us)
        left_us = (int64_t)((double)left_us / (double)bucket->interval_us * (double)rate->interval_us);
    return now_us + (left_us < room_us ? left_us : room_us);
}

void store_take(struct store_bucket *bucket, const struct state_limit *limit, int64_t now_us,
                struct state_verdict *verdict)
{
    const struct rate *rate = &limit->rate;
    *verdict = (struct state_verdict){.allowed = limit->calls, .remaining = INT64_MAX};
    if (rate->interval_us == 0)
        return;
    int64_t most_us = now_us + rate->interval_us * rate->burst;
    *bucket = (struct store_bucket){adapted(bucket, rate, now_us), rate->interval_us};
    int64_t fit = (most_us - bucket->full_us) / rate->interval_us;
    verdict->allowed = fit < limit->calls ? fit : limit->calls;
    verdict->remaining = fit - verdict->allowed;
    bucket->full_us += verdict->allowed * rate->interval_us;
    if (verdict->allowed < limit->calls)
        verdict->wait_us = bucket->full_us + rate->interval_us - most_us;
}

void store_place(const struct state_limit *limit, int64_t others, struct state_verdict *verdict)
{
    int64_t free = limit->in_flight - limit->own - others;
    if (limit->in_flight == 0 || free >= verdict->allowed)
        return;
    free = free > 0 ? free : 0;
    verdict->full = verdict->allowed - free;
    verdict->allowed = free;
}
