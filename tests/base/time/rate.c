/* The rate against its words: so many a second, so many at once; time is told, nothing waits. */
#include "base/time/rate.h"

#include "tests/unit.h"

enum { SECOND = 1000000 };

static void no_limit(void **state)
{
    const struct rate rate = {0};
    struct rate_state used = {0};
    (void)state;
    for (int i = 0; i < 1000; i++)
        assert_true(rate_take(&rate, &used, 0).allowed);
}

/* 20/s burst 40, at a clock that has run for a while. */
static void a_burst_and_what_comes_back(void **state)
{
    const struct rate rate = {.interval_us = SECOND / 20, .burst = 40};
    struct rate_state used = {0};
    const int64_t now = INT64_C(123456789012);
    (void)state;
    for (int i = 0; i < 40; i++) {
        struct rate_verdict verdict = rate_take(&rate, &used, now);
        assert_true(verdict.allowed);
        assert_int_equal(verdict.remaining, 39 - i);
    }
    struct rate_verdict refused = rate_take(&rate, &used, now);
    assert_false(refused.allowed);
    assert_int_equal(refused.wait_us, SECOND / 20);
    assert_false(rate_take(&rate, &used, now + refused.wait_us - 1).allowed);
    assert_true(rate_take(&rate, &used, now + refused.wait_us).allowed);
    assert_false(rate_take(&rate, &used, now + refused.wait_us).allowed);
    assert_int_equal(rate_take(&rate, &used, now + 10 * SECOND).remaining,
                     39); /* full again, and no more than full */
}

/* Whatever the pattern of asking: in any window no more than the burst and what the window brings. */
static void never_more(void **state)
{
    const struct rate rate = {.interval_us = 1000, .burst = 7};
    struct rate_state used = {0};
    unsigned random = 1;
    int64_t now = 0;
    int64_t allowed = 0;
    (void)state;
    for (int i = 0; i < 200000; i++) {
        random = random * 1664525 + 1013904223; /* Numerical Recipes */
        now += random >> 28 == 0 ? 20000 : random >> 22;
        allowed += rate_take(&rate, &used, now).allowed;
        assert_true(allowed <= rate.burst + now / rate.interval_us);
    }
    assert_true(allowed > 1000);
}

/* What was used is so many calls of the burst, whatever the rate becomes: counted here by hand. */
static void another_rate(void **state)
{
    static const struct {
        struct rate before, after;
        int used;     /* under the first, at once */
        int64_t left; /* under the second, at once */
    } rows[] = {
        {{6 * SECOND, 10}, {SECOND / 100, 100}, 10, 90},            /* 600/h used up, then 100/s   */
        {{SECOND / 100, 100}, {36 * (int64_t)SECOND, 100}, 100, 0}, /* 100/s used up, then 100/h   */
        {{SECOND / 100, 100}, {36 * (int64_t)SECOND, 1}, 50, 0},
        {{3600 * (int64_t)SECOND, 100}, {3600 * (int64_t)SECOND, 10}, 50, 0}, /* only the burst changes */
        {{3600 * (int64_t)SECOND, 10}, {3600 * (int64_t)SECOND, 100}, 10, 90},
        {{3600 * (int64_t)SECOND, 100000}, {10, 100000}, 100000, 0},
        {{SECOND, 10}, {SECOND / 2, 20}, 4, 16},
    };
    const int64_t now = INT64_C(123456789012);
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct rate_state used = {0};
        int64_t left = 0;
        rate_adapt(&rows[i].before, &used, now);
        for (int j = 0; j < rows[i].used; j++)
            assert_true(rate_take(&rows[i].before, &used, now).allowed);
        rate_adapt(&rows[i].after, &used, now);
        while (rate_take(&rows[i].after, &used, now).allowed)
            left++;
        assert_int_equal(left, rows[i].left);
        int64_t wait = rate_take(&rows[i].after, &used, now).wait_us;
        assert_true(wait > 0 && wait <= rows[i].after.interval_us);
        assert_true(rate_take(&rows[i].after, &used, now + wait).allowed);
    }
}

/* Without a limit for a while, and with the old one again: nothing is asked meanwhile, and nothing
 * forgotten. */
static void no_rate_and_back(void **state)
{
    const struct rate rate = {.interval_us = SECOND, .burst = 3};
    const struct rate none = {0};
    struct rate_state used = {0};
    (void)state;
    rate_adapt(&rate, &used, SECOND);
    for (int i = 0; i < 3; i++)
        assert_true(rate_take(&rate, &used, SECOND).allowed);
    rate_adapt(&none, &used, SECOND);
    assert_true(rate_take(&none, &used, SECOND).allowed);
    rate_adapt(&rate, &used, SECOND);
    assert_false(rate_take(&rate, &used, SECOND).allowed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_limit),         cmocka_unit_test(a_burst_and_what_comes_back),
        cmocka_unit_test(never_more),       cmocka_unit_test(another_rate),
        cmocka_unit_test(no_rate_and_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
