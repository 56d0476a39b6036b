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

void store_take(struct store_bucket *bucket, const struct rate *rate, int64_t now_us,
                struct state_verdict *verdict)
{
    *verdict = (struct state_verdict){.allowed = true, .remaining = INT64_MAX};
    if (rate->interval_us == 0)
        return;
    int64_t room_us = rate->interval_us * rate->burst;
    *bucket = (struct store_bucket){adapted(bucket, rate, now_us), rate->interval_us};
    int64_t taken = bucket->full_us + rate->interval_us;
    if (taken - now_us > room_us) {
        *verdict = (struct state_verdict){.wait_us = taken - now_us - room_us};
        return;
    }
    verdict->remaining = (room_us - (taken - now_us)) / rate->interval_us;
    bucket->full_us = taken;
}
