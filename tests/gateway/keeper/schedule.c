/* When a credential is fetched again: what docs/credentials.md promises, row by row. */
#include "gateway/keeper/schedule.h"

#include "tests/unit.h"

#include <stdio.h>

#define SECOND INT64_C(1000000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)

static const struct {
    const char *name;
    int64_t left_us;
    int64_t latest_us; /* and a tenth sooner at the earliest */
} lives[] = {
    {"two hours: at half", 2 * HOUR, HOUR},
    {"ten minutes: half, which is five minutes before the end", 10 * MINUTE, 5 * MINUTE},
    {"eight minutes: five before the end", 8 * MINUTE, 3 * MINUTE},
    {"a minute more than the floor: a quarter", 6 * MINUTE, 90 * SECOND},
    {"no more than the floor: at half", 5 * MINUTE, 150 * SECOND},
    {"four seconds", 4 * SECOND, 2 * SECOND},
    {"half a second", SECOND / 2, SECOND / 4},
    {"next to nothing: not without a pause", 1, SECOND / 4},
    {"a year: twice a day", 365 * 24 * HOUR, 6 * HOUR},
};

static void after_success(void **state)
{
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(lives); i++)
        for (uint64_t random = 0; random <= UINT32_MAX; random += UINT32_MAX / 5) {
            int64_t pause = schedule_after_success(lives[i].left_us, (uint32_t)random);
            wrong += unit_wrong(lives[i].name,
                                pause <= lives[i].latest_us &&
                                    (pause >= lives[i].latest_us * 9 / 10 - 1 || pause == SCHEDULE_LEAST_US));
        }
    assert_int_equal(wrong, 0);
}

static void after_failure(void **state)
{
    int64_t before = 0;
    (void)state;
    for (unsigned failures = 1; failures < 100; failures++) {
        int64_t living = schedule_after_failure(failures, 2 * HOUR, 0);
        int64_t dead = schedule_after_failure(failures, 0, 0);
        assert_true(living >= before && living <= SCHEDULE_LIVING_US);
        assert_true(dead >= SCHEDULE_FIRST_US && dead <= SCHEDULE_DEAD_US);
        before = living;
    }
    assert_int_equal(before, SCHEDULE_LIVING_US);
    assert_int_equal(schedule_after_failure(99, -HOUR, 0), SCHEDULE_DEAD_US);
    assert_int_equal(schedule_after_failure(1, HOUR, 0), SCHEDULE_FIRST_US);
}

/* Of what is left there are several tries: it is fetched before its end where one of them is good. */
static void many_tries_before_an_end(void **state)
{
    (void)state;
    for (int64_t left = 2 * SECOND; left <= 2 * HOUR; left *= 2) {
        int64_t rest = left - schedule_after_success(left, 0);
        unsigned tries = 0;
        while (rest > 0 && tries < 100)
            rest -= schedule_after_failure(++tries, rest, 0);
        assert_in_range(tries, 4, 100);
    }
}

static void short_of_life(void **state)
{
    (void)state;
    assert_false(schedule_is_short(31, 120));
    assert_true(schedule_is_short(30, 120));
    assert_true(schedule_is_short(-5, 120));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(after_success), cmocka_unit_test(after_failure),
                                       cmocka_unit_test(many_tries_before_an_end),
                                       cmocka_unit_test(short_of_life)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
