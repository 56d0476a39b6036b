#include "gateway/health/retry.h"

/* clang-format off */
static const struct rule {
    bool read, change; /* may go again */
    bool correction;   /* helps once: at once, or not at all */
    int64_t pause_us;  /* before the second attempt, twice that before the third; half of it is random */
} rules[] = {
    [RETRY_NEVER]      = {.read = false},
    [RETRY_NOT_SENT]   = {.read = true, .change = true,  .pause_us = 50000},
    [RETRY_LOST]       = {.read = true, .change = false, .pause_us = 50000},
    [RETRY_THROTTLED]  = {.read = true, .change = true,  .pause_us = 500000}, /* quotas are per second */
    [RETRY_GATEWAY]    = {.read = true, .change = false, .pause_us = 500000},
    [RETRY_CLOCK]      = {.read = true, .change = true,  .correction = true},
    [RETRY_CREDENTIAL] = {.read = true, .change = true,  .correction = true},
    [RETRY_RENEWED]    = {.read = true, .change = true,  .correction = true},
};
/* clang-format on */

void retry_budget_set(struct retry_budget *budget, long long burst)
{
    long long most = burst * RETRY_SHARE;
    long long before = atomic_exchange_explicit(&budget->most, most, memory_order_relaxed);
    atomic_fetch_add_explicit(&budget->credit, most - before, memory_order_relaxed);
}

void retry_budget_earn(struct retry_budget *budget)
{
    long long most = atomic_load_explicit(&budget->most, memory_order_relaxed);
    long long credit = atomic_load_explicit(&budget->credit, memory_order_relaxed);
    while (credit < most &&
           !atomic_compare_exchange_weak_explicit(&budget->credit, &credit, credit + 1, memory_order_relaxed,
                                                  memory_order_relaxed))
        ;
}

bool retry_budget_spend(struct retry_budget *budget)
{
    long long credit = atomic_load_explicit(&budget->credit, memory_order_relaxed);
    while (credit >= RETRY_SHARE)
        if (atomic_compare_exchange_weak_explicit(&budget->credit, &credit, credit - RETRY_SHARE,
                                                  memory_order_relaxed, memory_order_relaxed))
            return true;
    return false;
}

/* Spread over its second half, so that those who failed together do not come back together; never sooner
 * than the upstream has asked for. */
static int64_t pause_of(const struct rule *rule, const struct retry_facts *facts)
{
    int64_t whole = rule->pause_us << (facts->attempts - 1);
    int64_t spread = whole / 2 == 0 ? 0 : (int64_t)facts->random % (whole / 2);
    int64_t pause = whole / 2 + spread;
    return facts->asked_us > pause ? facts->asked_us + spread : pause;
}

struct retry_decision retry_decide(const struct retry_facts *facts)
{
    const struct retry_decision no = {.again = false};
    const struct rule *rule = &rules[facts->cause];
    if (!(facts->changes ? rule->change : rule->read) || facts->attempts >= RETRY_ATTEMPTS_MAX)
        return no;
    if (facts->draining)
        return no;
    if (rule->correction && facts->corrected)
        return no;
    int64_t pause = pause_of(rule, facts);
    if (pause > RETRY_PAUSE_MAX_S * INT64_C(1000000) || pause + RETRY_ROOM_US > facts->left_us)
        return no;
    return (struct retry_decision){.again = true, .pause_us = pause};
}
