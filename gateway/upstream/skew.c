#include "gateway/upstream/skew.h"

/* Whole seconds; 0 when the Date can have been written between the two times of our clock. */
static int64_t measure(const struct skew_sample *sample)
{
    int64_t ahead_ms = sample->date * 1000 - sample->received_ms;
    int64_t behind_ms = sample->date * 1000 + 999 - sample->sent_ms;
    return ahead_ms > 0 ? ahead_ms / 1000 : behind_ms < 0 ? behind_ms / 1000 : 0;
}

static bool beyond(int64_t seconds, int64_t bound)
{
    return seconds > bound || seconds < -bound;
}

enum skew_event skew_observe(struct skew *skew, const struct skew_sample *sample)
{
    int64_t now = measure(sample);
    atomic_store(&skew->measured_s, now);
    if (atomic_load(&skew->corrected_s) != 0)
        skew_correct(skew, sample);
    bool told = atomic_load(&skew->told);
    if (!told && beyond(now, SKEW_BOUND_S))
        return atomic_exchange(&skew->told, true) ? SKEW_SAME : SKEW_BEGAN;
    if (told && !beyond(now, SKEW_BOUND_S / 2))
        return atomic_exchange(&skew->told, false) ? SKEW_ENDED : SKEW_SAME;
    return SKEW_SAME;
}

void skew_correct(struct skew *skew, const struct skew_sample *sample)
{
    int64_t now = measure(sample);
    atomic_store(&skew->corrected_s, beyond(now, SKEW_MOST_S) ? 0 : now);
}

int64_t skew_correction(const struct skew *skew)
{
    return atomic_load(&skew->corrected_s);
}

int64_t skew_told(const struct skew *skew)
{
    return atomic_load(&skew->told) ? atomic_load(&skew->measured_s) : 0;
}
