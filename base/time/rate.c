#include "base/time/rate.h"

struct rate_verdict rate_take(const struct rate *rate, struct rate_state *state, int64_t now_us)
{
    if (rate->interval_us == 0)
        return (struct rate_verdict){.allowed = true, .remaining = INT64_MAX};
    const int64_t room_us = rate->interval_us * rate->burst;
    int_fast64_t seen = atomic_load_explicit(&state->full_at_us, memory_order_relaxed);
    for (;;) {
        int64_t begin = seen > now_us ? seen : now_us;
        int64_t taken = begin + rate->interval_us;
        if (taken - now_us > room_us)
            return (struct rate_verdict){.allowed = false, .wait_us = taken - now_us - room_us};
        if (atomic_compare_exchange_weak_explicit(&state->full_at_us, &seen, taken, memory_order_relaxed,
                                                  memory_order_relaxed))
            return (struct rate_verdict){.allowed = true,
                                         .remaining = (room_us - (taken - now_us)) / rate->interval_us};
    }
}

/* A number of calls, not the time that they took to come back.  Who asks at that very moment may be counted
 * at either rate. */
static void convert(const struct rate *rate, struct rate_state *state, int_fast64_t before, int64_t now_us)
{
    if (!atomic_compare_exchange_strong_explicit(&state->interval_us, &before, rate->interval_us,
                                                 memory_order_relaxed, memory_order_relaxed))
        return;
    int_fast64_t seen = atomic_load_explicit(&state->full_at_us, memory_order_relaxed);
    while (before > 0 && seen > now_us) {
        double used = (double)(seen - now_us) / (double)before;
        double most = (double)rate->burst;
        int_fast64_t same = now_us + (int64_t)((used < most ? used : most) * (double)rate->interval_us);
        if (atomic_compare_exchange_weak_explicit(&state->full_at_us, &seen, same, memory_order_relaxed,
                                                  memory_order_relaxed))
            return;
    }
}

void rate_adapt(const struct rate *rate, struct rate_state *state, int64_t now_us)
{
    if (rate->interval_us == 0)
        return;
    int_fast64_t before = atomic_load_explicit(&state->interval_us, memory_order_relaxed);
    if (before != rate->interval_us)
        convert(rate, state, before, now_us);
    int_fast64_t most = now_us + rate->interval_us * rate->burst;
    int_fast64_t seen = atomic_load_explicit(&state->full_at_us, memory_order_relaxed);
    while (seen > most && !atomic_compare_exchange_weak_explicit(&state->full_at_us, &seen, most,
                                                                 memory_order_relaxed, memory_order_relaxed))
        continue;
}
