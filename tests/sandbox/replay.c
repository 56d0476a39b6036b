#include "tests/unit.h"

#include "sandbox/replay.h"

static void triples(void **state)
{
    (void)state;
    struct replay *replay = replay_new(600, 100);
    assert_non_null(replay);
    assert_int_equal(replay_check(replay, "id", "100", "1", 100), REPLAY_FRESH);
    assert_int_equal(replay_check(replay, "id", "100", "1", 100), REPLAY_SEEN);
    assert_int_equal(replay_check(replay, "id", "100", "2", 100), REPLAY_FRESH);
    assert_int_equal(replay_check(replay, "id", "101", "1", 100), REPLAY_FRESH);
    assert_int_equal(replay_check(replay, "other", "100", "1", 100), REPLAY_FRESH);
    assert_int_equal(replay_check(replay, "id", "10", "01", 100),
                     REPLAY_FRESH); /* the parts do not run together */
    replay_free(replay);
}

static void forgets(void **state)
{
    (void)state;
    struct replay *replay = replay_new(600, 100);
    assert_int_equal(replay_check(replay, "id", "100", "1", 100), REPLAY_FRESH);
    assert_int_equal(replay_check(replay, "id", "100", "1", 700), REPLAY_SEEN);
    assert_int_equal(replay_check(replay, "id", "100", "1", 701), REPLAY_FRESH);
    replay_free(replay);
}

static void is_bounded(void **state)
{
    (void)state;
    struct replay *replay = replay_new(600, 2);
    assert_int_equal(replay_check(replay, "id", "100", "1", 100), REPLAY_FRESH);
    assert_int_equal(replay_check(replay, "id", "100", "2", 100), REPLAY_FRESH);
    assert_int_equal(replay_check(replay, "id", "100", "2", 100), REPLAY_SEEN);
    assert_int_equal(replay_check(replay, "id", "100", "3", 100), REPLAY_FRESH);
    assert_int_equal(replay_check(replay, "id", "100", "3", 100), REPLAY_SEEN);
    assert_int_equal(replay_check(replay, "id", "100", "1", 100), REPLAY_FRESH); /* the oldest had gone */
    replay_free(replay);
    replay_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(triples), cmocka_unit_test(forgets),
                                       cmocka_unit_test(is_bounded)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
