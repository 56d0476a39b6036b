/* Times of day in named zones against the C library's own reading of the same files, and names that are
 * none. */
#include "base/time/zone.h"

#include "tests/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ZONES_ARENA = 4 * 1024 * 1024, ZONES_TIMES = 3000 };

static const int64_t last = 2145916800; /* 2038-01-01: the table's end, behind which the last offset stays */

static int differs(const char *name, const struct zone *zone, int64_t seconds)
{
    struct tm tm;
    time_t time = (time_t)seconds;
    char row[96];
    assert_non_null(localtime_r(&time, &tm));
    struct zone_time got = zone_at(zone, seconds);
    (void)snprintf(row, sizeof row, "%s %lld: %d %02d:%02d", name, (long long)seconds, got.weekday,
                   got.minute / 60, got.minute % 60);
    return unit_wrong(row, got.weekday == (tm.tm_wday + 6) % 7 && got.minute == tm.tm_hour * 60 + tm.tm_min);
}

/* Also right before and at each turn of a clock, in years that had one. */
static void as_the_c_library(void **state)
{
    static const char *const names[] = {
        "UTC",          "Asia/Shanghai",    "Europe/Berlin",    "America/New_York",
        "Asia/Kolkata", "Australia/Sydney", "America/St_Johns", "Pacific/Apia"};
    static const int64_t turns[] = {1774746000, 1792890000, 1772953200, 1793516400, 516045600, 1325239200};
    uint64_t random = 20261125;
    int wrong = 0;
    struct arena *arena = arena_new(ZONES_ARENA);
    (void)state;
    assert_non_null(arena);
    for (size_t i = 0; i < COUNT(names); i++) {
        struct err err = {0};
        const struct zone *zone = zone_load(names[i], arena, &err);
        assert_string_equal(err.text, "");
        assert_non_null(zone);
        assert_int_equal(setenv("TZ", names[i], 1), 0);
        tzset();
        for (int k = 0; k < ZONES_TIMES; k++)
            wrong += differs(names[i], zone, (int64_t)(unit_random(&random) % (uint64_t)last));
        for (size_t k = 0; k < COUNT(turns); k++)
            wrong += differs(names[i], zone, turns[k] - 1) + differs(names[i], zone, turns[k]);
    }
    assert_int_equal(unsetenv("TZ"), 0);
    arena_free(arena);
    assert_int_equal(wrong, 0);
}

/* A name is not a path, and not every file there is a zone. */
static void what_is_no_zone(void **state)
{
    static const char *const names[] = {"",
                                        "/etc/localtime",
                                        "../../../etc/passwd",
                                        "Europe/../UTC",
                                        "Europe",
                                        "Europe/Nowhere",
                                        "leapseconds",
                                        "zone.tab",
                                        "UTC ",
                                        "A234567890123456789012345678901234567890123456789012345678901234x"};
    struct arena *arena = arena_new(ZONES_ARENA);
    int wrong = 0;
    (void)state;
    assert_non_null(arena);
    for (size_t i = 0; i < COUNT(names); i++) {
        struct err err = {0};
        wrong += unit_wrong(names[i], zone_load(names[i], arena, &err) == NULL && err.text[0] != '\0');
    }
    arena_free(arena);
    assert_int_equal(wrong, 0);
}

/* Memory that runs out is told, wherever. */
static void without_memory(void **state)
{
    (void)state;
    for (size_t room = 0; room < 4096; room += 256) {
        struct err err = {0};
        struct arena *arena = arena_new(room);
        assert_non_null(arena);
        if (zone_load("Europe/Berlin", arena, &err) == NULL)
            assert_string_not_equal(err.text, "");
        arena_free(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_the_c_library),
        cmocka_unit_test(what_is_no_zone),
        cmocka_unit_test(without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
