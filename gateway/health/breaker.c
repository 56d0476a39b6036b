#include "gateway/health/breaker.h"

struct breaker_entry breaker_enter(struct breaker *breaker, int64_t now_us)
{
    struct breaker_entry entry = {.pass = BREAKER_CALL, .began_us = now_us};
    if (atomic_load(&breaker->failures) < BREAKER_FAILURES)
        return entry;
    int_fast64_t next = atomic_load(&breaker->next_probe_us);
    entry.next_us = now_us + BREAKER_PROBE_US;
    if (now_us >= next && atomic_compare_exchange_strong(&breaker->next_probe_us, &next, entry.next_us)) {
        atomic_store(&breaker->probing, true);
        entry.pass = BREAKER_PROBE;
        return entry;
    }
    entry.pass = BREAKER_REFUSED; /* `next` is the winner's when we lost the race for the probe */
    entry.wait_us = next - now_us > 0 ? next - now_us : 0;
    return entry;
}

static enum breaker_event note_good(struct breaker *breaker, int64_t now_us)
{
    atomic_store_explicit(&breaker->good_us, now_us, memory_order_release);
    if (atomic_load(&breaker->failures) == 0 &&
        !atomic_load(&breaker->probing)) /* as nearly always: written only where that changes something */
        return BREAKER_SAME;
    atomic_store(&breaker->probing, false);
    return atomic_exchange(&breaker->failures, 0) >= BREAKER_FAILURES ? BREAKER_CLOSES : BREAKER_SAME;
}

/* Unless it has been overtaken by another one. */
static void end_probe(struct breaker *breaker, const struct breaker_entry *entry, int64_t next_us)
{
    int_fast64_t mine = entry->next_us;
    if (atomic_compare_exchange_strong(&breaker->next_probe_us, &mine, next_us))
        atomic_store(&breaker->probing, false);
}

enum breaker_event breaker_note(struct breaker *breaker, const struct breaker_entry *entry, bool good,
                                int64_t now_us)
{
    if (good)
        return note_good(breaker, now_us);
    if (entry->pass == BREAKER_PROBE)
        end_probe(breaker, entry, now_us + BREAKER_REST_US);
    if (entry->pass == BREAKER_PROBE || entry->began_us < atomic_load(&breaker->good_us))
        return BREAKER_SAME;
    if (atomic_fetch_add(&breaker->failures, 1) != BREAKER_FAILURES - 1)
        return BREAKER_SAME;
    atomic_store(&breaker->next_probe_us, now_us + BREAKER_REST_US);
    return BREAKER_OPENED;
}

void breaker_cancel(struct breaker *breaker, const struct breaker_entry *entry)
{
    if (entry->pass == BREAKER_PROBE)
        end_probe(breaker, entry, entry->began_us);
}

enum breaker_state breaker_state(const struct breaker *breaker)
{
    if (atomic_load(&breaker->failures) < BREAKER_FAILURES)
        return BREAKER_CLOSED;
    return atomic_load(&breaker->probing) ? BREAKER_HALF_OPEN : BREAKER_OPEN;
}
