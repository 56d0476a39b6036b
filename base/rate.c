#include "base/rate.h"

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
