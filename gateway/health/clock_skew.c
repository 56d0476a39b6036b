#include "gateway/health/clock_skew.h"

/* Whole seconds; 0 when the Date can have been written between the two times of our clock. */
static int64_t measure(const struct clock_skew_sample *sample)
{
    int64_t ahead_ms = sample->date * 1000 - sample->received_ms;
    int64_t behind_ms = sample->date * 1000 + 999 - sample->sent_ms;
    return ahead_ms > 0 ? ahead_ms / 1000 : behind_ms < 0 ? behind_ms / 1000 : 0;
}

static bool beyond(int64_t seconds, int64_t bound)
{
    return seconds > bound || seconds < -bound;
}

enum clock_skew_event clock_skew_observe(struct clock_skew *skew, const struct clock_skew_sample *sample)
{
    int64_t now = measure(sample);
    atomic_store(&skew->measured_s, now);
    if (atomic_load(&skew->corrected_s) != 0)
        clock_skew_correct(skew, sample);
    bool told = atomic_load(&skew->told);
    if (!told && beyond(now, CLOCK_SKEW_BOUND_S))
        return atomic_exchange(&skew->told, true) ? CLOCK_SKEW_SAME : CLOCK_SKEW_BEGAN;
    if (told && !beyond(now, CLOCK_SKEW_BOUND_S / 2))
        return atomic_exchange(&skew->told, false) ? CLOCK_SKEW_ENDED : CLOCK_SKEW_SAME;
    return CLOCK_SKEW_SAME;
}

void clock_skew_correct(struct clock_skew *skew, const struct clock_skew_sample *sample)
{
    int64_t now = measure(sample);
    atomic_store(&skew->corrected_s, beyond(now, CLOCK_SKEW_MOST_S) ? 0 : now);
}

int64_t clock_skew_correction(const struct clock_skew *skew)
{
    return atomic_load(&skew->corrected_s);
}

int64_t clock_skew_told(const struct clock_skew *skew)
{
    return atomic_load(&skew->told) ? atomic_load(&skew->measured_s) : 0;
}
