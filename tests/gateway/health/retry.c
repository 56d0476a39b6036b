/* Which calls may go again: a row is what is known, and the verdict that the promises of docs/answers.md
 * give. */
#include "gateway/health/retry.h"

#include "tests/unit.h"

enum { SECOND = 1000000, PLENTY = 60 * SECOND };

static const struct {
    const char *name;
    struct retry_facts facts;
    bool again;
    int64_t least_us, most_us; /* of the pause */
} rows[] = {
    {.name = "a good answer", .facts = {.cause = RETRY_NEVER, .attempts = 1, .left_us = PLENTY}},
    {.name = "a good change",
     .facts = {.cause = RETRY_NEVER, .changes = true, .attempts = 1, .left_us = PLENTY}},
    {.name = "change, not sent",
     .facts = {.cause = RETRY_NOT_SENT, .changes = true, .attempts = 1, .left_us = PLENTY, .random = 7},
     .again = true,
     .least_us = 25000,
     .most_us = 50000},
    {.name = "read, not sent",
     .facts = {.cause = RETRY_NOT_SENT, .attempts = 1, .left_us = PLENTY, .random = 7},
     .again = true,
     .least_us = 25000,
     .most_us = 50000},
    {.name = "read, not sent, while the gateway drains",
     .facts = {.cause = RETRY_NOT_SENT, .draining = true, .attempts = 1, .left_us = PLENTY, .random = 7}},
    {.name = "change, clock, while the gateway drains",
     .facts = {.cause = RETRY_CLOCK,
               .changes = true,
               .draining = true,
               .attempts = 1,
               .left_us = PLENTY,
               .random = 7}},
    {.name = "change, not sent twice",
     .facts =
         {.cause = RETRY_NOT_SENT, .changes = true, .attempts = 2, .left_us = PLENTY, .random = UINT32_MAX},
     .again = true,
     .least_us = 50000,
     .most_us = 100000},
    {.name = "change, not sent three times",
     .facts = {.cause = RETRY_NOT_SENT, .changes = true, .attempts = 3, .left_us = PLENTY, .random = 7}},
    {.name = "change, lost",
     .facts = {.cause = RETRY_LOST, .changes = true, .attempts = 1, .left_us = PLENTY, .random = 7}},
    {.name = "read, lost",
     .facts = {.cause = RETRY_LOST, .attempts = 1, .left_us = PLENTY, .random = 7},
     .again = true,
     .least_us = 25000,
     .most_us = 50000},
    {.name = "read, lost three times",
     .facts = {.cause = RETRY_LOST, .attempts = 3, .left_us = PLENTY, .random = 7}},
    {.name = "change, throttled",
     .facts = {.cause = RETRY_THROTTLED, .changes = true, .attempts = 1, .left_us = PLENTY, .random = 7},
     .again = true,
     .least_us = 250000,
     .most_us = 500000},
    {.name = "read, throttled twice",
     .facts = {.cause = RETRY_THROTTLED, .attempts = 2, .left_us = PLENTY, .random = 7},
     .again = true,
     .least_us = 500000,
     .most_us = SECOND},
    {.name = "change, not reached",
     .facts = {.cause = RETRY_GATEWAY, .changes = true, .attempts = 1, .left_us = PLENTY, .random = 7}},
    {.name = "read, not reached",
     .facts = {.cause = RETRY_GATEWAY, .attempts = 1, .left_us = PLENTY, .random = 7},
     .again = true,
     .least_us = 250000,
     .most_us = 500000},
    {.name = "read, not reached, 2 s",
     .facts = {.cause = RETRY_GATEWAY, .attempts = 1, .left_us = PLENTY, .asked_us = 2 * SECOND, .random = 7},
     .again = true,
     .least_us = 2 * SECOND,
     .most_us = 3 * SECOND},
    {.name = "asked for 2 s",
     .facts = {.cause = RETRY_THROTTLED,
               .changes = true,
               .attempts = 1,
               .left_us = PLENTY,
               .asked_us = 2 * SECOND,
               .random = 7},
     .again = true,
     .least_us = 2 * SECOND,
     .most_us = 3 * SECOND},
    {.name = "asked for more than is waited",
     .facts = {.cause = RETRY_THROTTLED,
               .changes = true,
               .attempts = 1,
               .left_us = PLENTY,
               .asked_us = 6 * SECOND,
               .random = 7}},
    {.name = "asked for all that is left",
     .facts = {.cause = RETRY_THROTTLED,
               .changes = true,
               .attempts = 1,
               .left_us = 2 * SECOND,
               .asked_us = 2 * SECOND,
               .random = 7}},
    {.name = "nothing is left",
     .facts = {.cause = RETRY_NOT_SENT, .changes = true, .attempts = 1, .left_us = 0, .random = 7}},
    {.name = "too little is left",
     .facts = {.cause = RETRY_NOT_SENT, .changes = true, .attempts = 1, .left_us = 120000, .random = 7}},
    {.name = "less than nothing is left",
     .facts = {.cause = RETRY_CLOCK, .changes = true, .attempts = 1, .left_us = -1, .random = 7}},
    {.name = "clock",
     .facts = {.cause = RETRY_CLOCK, .changes = true, .attempts = 1, .left_us = PLENTY, .random = 7},
     .again = true},
    {.name = "clock, again",
     .facts = {.cause = RETRY_CLOCK,
               .changes = true,
               .corrected = true,
               .attempts = 2,
               .left_us = PLENTY,
               .random = 7}},
    {.name = "credential",
     .facts = {.cause = RETRY_CREDENTIAL, .changes = true, .attempts = 1, .left_us = PLENTY, .random = 7},
     .again = true},
    {.name = "credential, again",
     .facts = {.cause = RETRY_CREDENTIAL, .corrected = true, .attempts = 2, .left_us = PLENTY, .random = 7}},
    {.name = "renewed",
     .facts = {.cause = RETRY_RENEWED, .changes = true, .attempts = 1, .left_us = PLENTY, .random = 7},
     .again = true},
    {.name = "renewed, again",
     .facts = {.cause = RETRY_RENEWED, .corrected = true, .attempts = 2, .left_us = PLENTY, .random = 7}},
};

static void table(void **state)
{
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct retry_decision decision = retry_decide(&rows[i].facts);
        wrong += unit_wrong(rows[i].name, decision.again == rows[i].again &&
                                              decision.pause_us >= rows[i].least_us &&
                                              decision.pause_us <= rows[i].most_us);
    }
    assert_int_equal(wrong, 0);
}

/* A thousand calls that all fail: the burst, and then one retry for five calls. */
static void budget_is_a_share(void **state)
{
    struct retry_budget budget = {0};
    int retries = 0;
    (void)state;
    retry_budget_set(&budget, 10);
    for (int i = 0; i < 1000; i++) {
        retry_budget_earn(&budget);
        retries += retry_budget_spend(&budget);
    }
    assert_in_range(retries, 10 + 1000 / 5 - 3, 10 + 1000 / 5);
}

/* What is not used is not saved up beyond the burst. */
static void budget_has_a_ceiling(void **state)
{
    struct retry_budget budget = {0};
    int retries = 0;
    (void)state;
    retry_budget_set(&budget, 3);
    for (int i = 0; i < 1000; i++)
        retry_budget_earn(&budget);
    while (retry_budget_spend(&budget))
        retries++;
    assert_int_equal(retries, 3);
}

/* A reload that changes the room changes what is there by as much. */
static void budget_follows_the_burst(void **state)
{
    struct retry_budget budget = {0};
    (void)state;
    retry_budget_set(&budget, 1);
    assert_true(retry_budget_spend(&budget));
    assert_false(retry_budget_spend(&budget));
    retry_budget_set(&budget, 2);
    assert_true(retry_budget_spend(&budget));
    retry_budget_set(&budget, 1); /* a retry in debt: five calls pay it back, five more earn one */
    for (int i = 0; i < 9; i++)
        retry_budget_earn(&budget);
    assert_false(retry_budget_spend(&budget));
    retry_budget_earn(&budget);
    assert_true(retry_budget_spend(&budget));
}

/* Pauses differ, so that those who failed together do not come back together. */
static void pauses_are_spread(void **state)
{
    uint64_t seed = 20261125;
    int64_t least = INT64_MAX;
    int64_t most = 0;
    (void)state;
    for (int i = 0; i < 1000; i++) {
        const struct retry_facts facts = {.cause = RETRY_THROTTLED,
                                          .changes = true,
                                          .attempts = 1,
                                          .left_us = PLENTY,
                                          .random = (uint32_t)unit_random(&seed)};
        int64_t pause = retry_decide(&facts).pause_us;
        least = pause < least ? pause : least;
        most = pause > most ? pause : most;
    }
    assert_in_range(least, 250000, 260000);
    assert_in_range(most, 490000, 500000);
}

int main(void)
{
    /* clang-format off */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table),
        cmocka_unit_test(budget_is_a_share),
        cmocka_unit_test(budget_has_a_ceiling),
        cmocka_unit_test(budget_follows_the_burst),
        cmocka_unit_test(pauses_are_spread),
    };
    /* clang-format on */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
