/* Requests by client and action over time, beside a naive list of all that was counted. */
#include "gateway/metrics/shares.h"

#include "tests/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS = 4 * HISTORY_DAY_STEPS, NAMES = 20, STEP_MS = HISTORY_STEP_MS };

static struct shares_look look;

/* At most SHARES_TOP are named, the most first, and nothing is lost. */
static void all_of_it_is_there(void **state)
{
    static unsigned counted[STEPS + 1][NAMES];
    struct shares *shares = shares_new(0);
    unsigned seed = 20261129;
    (void)state;
    assert_non_null(shares);
    for (unsigned step = 0; step <= STEPS; step++) {
        for (unsigned name = 0; name < NAMES; name++) {
            char text[16];
            seed = seed * 1103515245 + 12345;
            counted[step][name] = (seed >> 16) % (name + 1); /* the last ones most */
            (void)snprintf(text, sizeof text, "client-%u", name);
            if (counted[step][name] > 0)
                shares_count(shares, SHARES_CLIENTS, text, counted[step][name]);
        }
        if (step < STEPS)
            shares_step(shares, (int64_t)(step + 1) * STEP_MS);
    }
    shares_read(shares, SHARES_CLIENTS, HISTORY_MINUTES, (int64_t)STEPS * STEP_MS + 1000, &look);
    assert_int_equal(look.row_count, HISTORY_MINUTES_SAMPLES);
    assert_int_equal(look.name_count, SHARES_TOP);
    assert_true(look.others);
    unsigned long long before = UINT64_MAX;
    for (size_t i = 0; i < look.name_count; i++) {
        unsigned long long sum = 0;
        unsigned long name = strtoul(look.names[i] + strlen("client-"), NULL, 10);
        for (size_t row = 0; row < look.row_count; row++) {
            assert_int_equal(look.rows[row].counts[i], counted[STEPS + 1 - look.row_count + row][name]);
            sum += look.rows[row].counts[i];
        }
        assert_true(sum <= before);
        before = sum;
    }
    for (size_t row = 0; row < look.row_count; row++) {
        unsigned all = 0, told = 0;
        for (size_t name = 0; name < NAMES; name++)
            all += counted[STEPS + 1 - look.row_count + row][name];
        for (size_t i = 0; i <= SHARES_TOP; i++)
            told += look.rows[row].counts[i];
        assert_int_equal(told, all);
        assert_int_equal(look.rows[row].until_ms - look.rows[row].from_ms,
                         row + 1 < look.row_count ? STEP_MS : 1000);
    }
    shares_read(shares, SHARES_CLIENTS, HISTORY_DAY, (int64_t)STEPS * STEP_MS + 1000, &look);
    assert_int_equal(look.row_count, STEPS / HISTORY_DAY_STEPS + 1);
    assert_int_equal(look.rows[1].until_ms - look.rows[1].from_ms, STEP_MS * HISTORY_DAY_STEPS);
    shares_read(shares, SHARES_ACTIONS, HISTORY_DAY, 1, &look);
    assert_int_equal(look.name_count, 0);
    assert_false(look.others);
    shares_free(shares);
}

/* However many names there are: the memory is fixed, and they are counted together. */
static void there_are_more_names_than_places(void **state)
{
    struct shares *shares = shares_new(0);
    char name[SHARES_NAME_SIZE + 8];
    unsigned told = 0;
    (void)state;
    assert_non_null(shares);
    memset(name, 'x', sizeof name);
    name[sizeof name - 1] = '\0';
    shares_count(shares, SHARES_ACTIONS, name, 1); /* too long */
    for (int i = 0; i < 10 * SHARES_NAMES; i++) {
        (void)snprintf(name, sizeof name, "action-%d", i);
        shares_count(shares, SHARES_ACTIONS, name, 1);
    }
    shares_read(shares, SHARES_ACTIONS, HISTORY_MINUTES, 1000, &look);
    for (size_t i = 0; i <= SHARES_TOP; i++)
        told += look.rows[0].counts[i];
    assert_int_equal(told, 10 * SHARES_NAMES + 1);
    assert_true(look.others);
    shares_count(shares, SHARES_ACTIONS, "late", 1000000); /* among the others, for a day */
    shares_read(shares, SHARES_ACTIONS, HISTORY_MINUTES, 1000, &look);
    assert_true(strcmp(look.names[0], "late") != 0);
    for (unsigned i = 0; i < HISTORY_DAY_STEPS * HISTORY_SAMPLES; i++)
        shares_step(shares, (int64_t)(i + 1) * STEP_MS);
    shares_read(shares, SHARES_ACTIONS, HISTORY_DAY, INT64_C(100000000), &look);
    assert_int_equal(look.name_count, 0);
    shares_count(shares, SHARES_ACTIONS, "later", 1);
    shares_read(shares, SHARES_ACTIONS, HISTORY_DAY, INT64_C(100000000), &look);
    assert_string_equal(look.names[0], "later");
    assert_int_equal(look.name_count, 1);
    shares_free(shares);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_of_it_is_there),
                                       cmocka_unit_test(there_are_more_names_than_places)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
