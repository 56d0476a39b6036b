/* What counts as moving.  Each row is a second look, some time after a first one at which all went well. */
#include "gateway/service/watchdog.h"

#include "tests/unit.h"

static void table(void **state)
{
    struct config_upstream upstreams[] = {{.deadline = 10000}, {.deadline = 60000}, {.deadline = 100}};
    const struct config config = {.workers = 4, .upstreams = upstreams, .upstream_count = COUNT(upstreams)};
    const int64_t minute = 60000000;
    /* a body, the longest deadline of an upstream, and further pages */
    const int64_t longest = 15000000 + minute + 20000000;
    const struct {
        const char *name;
        unsigned in_flight;
        unsigned long long ended;
        int64_t after_us;
        bool moves;
    } rows[] = {
        {"nothing to do for a day", 0, 7, 1440 * minute, true},
        {"a worker is free", 3, 7, 1440 * minute, true},
        {"all work, one has ended", 4, 8, 1440 * minute, true},
        {"all work, for as long as it may take", 4, 7, longest, true},
        {"all work, and none ends", 4, 7, longest + 1, false},
        {"more than all", 5, 7, longest + 1, false},
    };
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct watchdog pulse = {0};
        wrong += unit_wrong(rows[i].name, watchdog_moves(&pulse, &config, 0, 7, minute));
        bool moves =
            watchdog_moves(&pulse, &config, rows[i].in_flight, rows[i].ended, minute + rows[i].after_us);
        wrong += unit_wrong(rows[i].name, moves == rows[i].moves);
        wrong += unit_wrong(rows[i].name,
                            watchdog_moves(&pulse, &config, 4, 9, 2 * minute + rows[i].after_us)); /* again */
    }
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(table)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
