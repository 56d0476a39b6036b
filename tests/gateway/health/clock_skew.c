/* By how much a clock differs, and what follows from it.  The upstream's Date has whole seconds, so a row
 * says when its clock was asked and when its answer came, in ms of ours. */
#include "gateway/health/clock_skew.h"

#include "tests/unit.h"

#include <string.h>

/* 2026-11-25T12:00:00Z in seconds */
#define NOON INT64_C(1795608000)

enum { MINUTE = 60, HOUR = 3600, DAY = 86400 };

/* clang-format off */
static const struct {
    const char *name;
    int64_t sent_ms, received_ms; /* after noon by our clock */
    int64_t date;                 /* after noon by the upstream's */
    int64_t correction;
    enum clock_skew_event event;
} rows[] = {
    {"equal", 0, 50, 0, 0, CLOCK_SKEW_SAME},
    {"the second is not over", 900, 990, 0, 0, CLOCK_SKEW_SAME},
    {"written before the turn of the second", 999, 1020, 0, 0, CLOCK_SKEW_SAME},
    {"a slow answer is no skew", 0, 60000, 30, 0, CLOCK_SKEW_SAME},
    {"a slow answer of an upstream that is ahead", 0, 60000, 120, 60, CLOCK_SKEW_BEGAN},
    {"within the bound", 0, 10, CLOCK_SKEW_BOUND_S, CLOCK_SKEW_BOUND_S - 1, CLOCK_SKEW_SAME},
    {"beyond the bound", 0, 10, CLOCK_SKEW_BOUND_S + 2, CLOCK_SKEW_BOUND_S + 1, CLOCK_SKEW_BEGAN},
    {"minutes ahead", 0, 10, 10 * MINUTE + 1, 10 * MINUTE, CLOCK_SKEW_BEGAN},
    {"minutes behind", 0, 10, -10 * MINUTE, -10 * MINUTE + 1, CLOCK_SKEW_BEGAN},
    {"hours ahead", 0, 10, 5 * HOUR + 1, 5 * HOUR, CLOCK_SKEW_BEGAN},
    {"hours behind", 0, 10, -5 * HOUR, -5 * HOUR + 1, CLOCK_SKEW_BEGAN},
    {"a year ahead is not followed", 0, 10, 365 * DAY, 0, CLOCK_SKEW_BEGAN},
    {"a year behind is not followed", 0, 10, -365 * DAY, 0, CLOCK_SKEW_BEGAN},
};
/* clang-format on */

static struct clock_skew_sample sample(int64_t sent_ms, int64_t received_ms, int64_t date)
{
    return (struct clock_skew_sample){NOON * 1000 + sent_ms, NOON * 1000 + received_ms, NOON + date};
}

static void table(void **state)
{
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct clock_skew skew;
        memset(&skew, 0, sizeof skew);
        const struct clock_skew_sample seen = sample(rows[i].sent_ms, rows[i].received_ms, rows[i].date);
        wrong += unit_wrong(rows[i].name, clock_skew_observe(&skew, &seen) == rows[i].event);
        wrong +=
            unit_wrong("our clock is believed until a call is refused", clock_skew_correction(&skew) == 0);
        wrong +=
            unit_wrong(rows[i].name, (clock_skew_told(&skew) != 0) == (rows[i].event == CLOCK_SKEW_BEGAN));
        clock_skew_correct(&skew, &seen);
        wrong += unit_wrong(rows[i].name, clock_skew_correction(&skew) == rows[i].correction);
    }
    assert_int_equal(wrong, 0);
}

/* A correction follows the Date and ends with it; the operator is told at the beginning and at the end. */
static void a_correction_follows_and_ends(void **state)
{
    struct clock_skew skew;
    const struct clock_skew_sample ahead = sample(0, 10, 10 * MINUTE + 1);
    const struct clock_skew_sample further = sample(0, 10, 11 * MINUTE + 1);
    const struct clock_skew_sample near = sample(0, 10, 21);
    const struct clock_skew_sample equal = sample(0, 10, 0);
    (void)state;
    memset(&skew, 0, sizeof skew);
    assert_int_equal(clock_skew_observe(&skew, &ahead), CLOCK_SKEW_BEGAN);
    clock_skew_correct(&skew, &ahead);
    assert_int_equal(clock_skew_observe(&skew, &ahead), CLOCK_SKEW_SAME);
    assert_int_equal(clock_skew_observe(&skew, &further), CLOCK_SKEW_SAME);
    assert_int_equal(clock_skew_correction(&skew), 11 * MINUTE);
    assert_int_equal(clock_skew_told(&skew), 11 * MINUTE);
    assert_int_equal(clock_skew_observe(&skew, &near),
                     CLOCK_SKEW_SAME); /* half of the bound ends it, so that it does not flap */
    assert_int_equal(clock_skew_observe(&skew, &equal), CLOCK_SKEW_ENDED);
    assert_int_equal(clock_skew_correction(&skew), 0);
    assert_int_equal(clock_skew_told(&skew), 0);
    assert_int_equal(clock_skew_observe(&skew, &further), CLOCK_SKEW_BEGAN);
    assert_int_equal(clock_skew_correction(&skew), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(table),
                                       cmocka_unit_test(a_correction_follows_and_ends)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
