/* Which calls may go again: a row is what is known, and the verdict that the promises of docs/answers.md
 * give. */
#include "gateway/upstream/retry.h"

#include "tests/unit.h"

enum { SECOND = 1000000, PLENTY = 60 * SECOND };

/* clang-format off */
static const struct {
    const char *name;
    struct retry_facts facts;
    bool again;
    int64_t least_us, most_us; /* of the pause */
} rows[] = {
    {"a good answer", {RETRY_NEVER, false, false, 1, PLENTY, 0, 0}, false, 0, 0},
    {"a good change", {RETRY_NEVER, true, false, 1, PLENTY, 0, 0}, false, 0, 0},
    {"change, not sent", {RETRY_NOT_SENT, true, false, 1, PLENTY, 0, 7}, true, 25000, 50000},
    {"read, not sent", {RETRY_NOT_SENT, false, false, 1, PLENTY, 0, 7}, true, 25000, 50000},
    {"change, not sent twice", {RETRY_NOT_SENT, true, false, 2, PLENTY, 0, UINT32_MAX}, true, 50000, 100000},
    {"change, not sent three times", {RETRY_NOT_SENT, true, false, 3, PLENTY, 0, 7}, false, 0, 0},
    {"change, lost", {RETRY_LOST, true, false, 1, PLENTY, 0, 7}, false, 0, 0},
    {"read, lost", {RETRY_LOST, false, false, 1, PLENTY, 0, 7}, true, 25000, 50000},
    {"read, lost three times", {RETRY_LOST, false, false, 3, PLENTY, 0, 7}, false, 0, 0},
    {"change, throttled", {RETRY_THROTTLED, true, false, 1, PLENTY, 0, 7}, true, 250000, 500000},
    {"read, throttled twice", {RETRY_THROTTLED, false, false, 2, PLENTY, 0, 7}, true, 500000, SECOND},
    {"change, not reached", {RETRY_GATEWAY, true, false, 1, PLENTY, 0, 7}, false, 0, 0},
    {"read, not reached", {RETRY_GATEWAY, false, false, 1, PLENTY, 0, 7}, true, 250000, 500000},
    {"read, not reached, 2 s", {RETRY_GATEWAY, false, false, 1, PLENTY, 2 * SECOND, 7}, true,
     2 * SECOND, 3 * SECOND},
    {"asked for 2 s", {RETRY_THROTTLED, true, false, 1, PLENTY, 2 * SECOND, 7}, true, 2 * SECOND, 3 * SECOND},
    {"asked for more than is waited", {RETRY_THROTTLED, true, false, 1, PLENTY, 6 * SECOND, 7}, false, 0, 0},
    {"asked for all that is left", {RETRY_THROTTLED, true, false, 1, 2 * SECOND, 2 * SECOND, 7}, false, 0, 0},
    {"nothing is left", {RETRY_NOT_SENT, true, false, 1, 0, 0, 7}, false, 0, 0},
    {"too little is left", {RETRY_NOT_SENT, true, false, 1, 120000, 0, 7}, false, 0, 0},
    {"less than nothing is left", {RETRY_CLOCK, true, false, 1, -1, 0, 7}, false, 0, 0},
    {"clock", {RETRY_CLOCK, true, false, 1, PLENTY, 0, 7}, true, 0, 0},
    {"clock, again", {RETRY_CLOCK, true, true, 2, PLENTY, 0, 7}, false, 0, 0},
    {"credential", {RETRY_CREDENTIAL, true, false, 1, PLENTY, 0, 7}, true, 0, 0},
    {"credential, again", {RETRY_CREDENTIAL, false, true, 2, PLENTY, 0, 7}, false, 0, 0},
    {"renewed", {RETRY_RENEWED, true, false, 1, PLENTY, 0, 7}, true, 0, 0},
    {"renewed, again", {RETRY_RENEWED, false, true, 2, PLENTY, 0, 7}, false, 0, 0},
};
/* clang-format on */

static void table(void **state)
{
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct retry_budget budget = {0};
        retry_budget_set(&budget, 1);
        struct retry_decision decision = retry_decide(&rows[i].facts, &budget);
        wrong += unit_wrong(rows[i].name, decision.again == rows[i].again &&
                                              decision.pause_us >= rows[i].least_us &&
                                              decision.pause_us <= rows[i].most_us);
    }
    assert_int_equal(wrong, 0);
}

/* A thousand calls that all fail: the burst, and then one retry for five calls. */
static void budget_is_a_share(void **state)
{
    const struct retry_facts facts = {RETRY_NOT_SENT, true, false, 1, PLENTY, 0, 7};
    struct retry_budget budget = {0};
    int retries = 0;
    (void)state;
    retry_budget_set(&budget, 10);
    for (int i = 0; i < 1000; i++) {
        retry_budget_earn(&budget);
        retries += retry_decide(&facts, &budget).again;
    }
    assert_in_range(retries, 10 + 1000 / 5 - 3, 10 + 1000 / 5);
}

/* What is not used is not saved up beyond the burst. */
static void budget_has_a_ceiling(void **state)
{
    const struct retry_facts facts = {RETRY_NOT_SENT, true, false, 1, PLENTY, 0, 7};
    struct retry_budget budget = {0};
    int retries = 0;
    (void)state;
    retry_budget_set(&budget, 3);
    for (int i = 0; i < 1000; i++)
        retry_budget_earn(&budget);
    while (retry_decide(&facts, &budget).again)
        retries++;
    assert_int_equal(retries, 3);
}

/* A refusal costs nothing. */
static void budget_pays_for_retries_only(void **state)
{
    const struct retry_facts lost = {RETRY_LOST, true, false, 1, PLENTY, 0, 7};
    const struct retry_facts late = {RETRY_NOT_SENT, true, false, 1, 0, 0, 7};
    const struct retry_facts good = {RETRY_NOT_SENT, true, false, 1, PLENTY, 0, 7};
    struct retry_budget budget = {0};
    (void)state;
    retry_budget_set(&budget, 1);
    for (int i = 0; i < 10; i++)
        assert_false(retry_decide(&lost, &budget).again || retry_decide(&late, &budget).again);
    assert_true(retry_decide(&good, &budget).again);
    assert_false(retry_decide(&good, &budget).again);
}

/* Pauses differ, so that those who failed together do not come back together. */
static void pauses_are_spread(void **state)
{
    uint64_t seed = 20261125;
    int64_t least = INT64_MAX;
    int64_t most = 0;
    (void)state;
    for (int i = 0; i < 1000; i++) {
        struct retry_budget budget = {0};
        retry_budget_set(&budget, 1);
        const struct retry_facts facts = {
            RETRY_THROTTLED, true, false, 1, PLENTY, 0, (uint32_t)unit_random(&seed)};
        int64_t pause = retry_decide(&facts, &budget).pause_us;
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
        cmocka_unit_test(budget_pays_for_retries_only),
        cmocka_unit_test(pauses_are_spread),
    };
    /* clang-format on */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
