/* Which worker gets which request: with one thread, so that nothing here waits for another. */
#include "gateway/server/dispatch.h"

#include "base/time/clock.h"
#include "tests/unit.h"

enum { WORKERS = 4, CONNECTIONS = 8 };

struct house {
    struct dispatch *dispatch;
    struct dispatch_worker workers[WORKERS];
};

static void begin(struct house *house)
{
    house->dispatch = dispatch_new(WORKERS, CONNECTIONS, NULL);
    assert_non_null(house->dispatch);
    for (size_t i = 0; i < WORKERS; i++)
        assert_int_equal(dispatch_worker_init(&house->workers[i]), 0);
}

static void end(struct house *house)
{
    for (size_t i = 0; i < WORKERS; i++)
        dispatch_worker_done(&house->workers[i]);
    dispatch_free(house->dispatch);
}

/* The ring goes round several times. */
static void who_came_first_is_first(void **state)
{
    struct house house;
    (void)state;
    begin(&house);
    for (unsigned round = 0; round < 5; round++) {
        for (unsigned i = 1; i <= CONNECTIONS - 1; i++)
            dispatch_put(house.dispatch, round * 100 + i);
        assert_int_equal(dispatch_waiting(house.dispatch), CONNECTIONS - 1);
        for (unsigned i = 1; i <= CONNECTIONS - 1; i++)
            assert_int_equal(dispatch_take(house.dispatch, &house.workers[i % WORKERS]), round * 100 + i);
    }
    assert_int_equal(dispatch_waiting(house.dispatch), 0);
    end(&house);
}

/* Nobody is told that all are busy while one is on its way, and nobody before his time. */
static void who_waits_too_long_is_taken_back(void **state)
{
    struct house house;
    (void)state;
    begin(&house);
    for (unsigned i = 0; i < WORKERS - 1; i++) {
        dispatch_put(house.dispatch, i + 1);
        assert_int_equal(dispatch_take(house.dispatch, &house.workers[i]), i + 1);
    }
    int64_t before = clock_monotonic_us();
    dispatch_put(house.dispatch, 7);
    dispatch_put(house.dispatch, 8);
    dispatch_put(house.dispatch, 9);
    int64_t after = clock_monotonic_us();
    assert_false(dispatch_is_full(house.dispatch));
    assert_int_equal(dispatch_take_back(house.dispatch, after, after), 0);
    assert_int_equal(dispatch_take(house.dispatch, &house.workers[WORKERS - 1]), 7);
    int64_t moved = clock_monotonic_us();
    assert_true(dispatch_is_full(house.dispatch) && dispatch_is_complete(house.dispatch));
    assert_int_equal(dispatch_take_back(house.dispatch, before - 1, before - 1), 0);
    assert_int_equal(dispatch_take_back(house.dispatch, before - 1, after),
                     8); /* long, though others moved */
    assert_int_equal(dispatch_take_back(house.dispatch, moved, before - 1), 9); /* nobody has moved since */
    dispatch_put(house.dispatch, 10);
    assert_int_equal(dispatch_take(house.dispatch, &house.workers[0]), 10);
    end(&house);
}

/* Whose request was begun comes before the others, and is not taken back however long it waits. */
static void who_was_begun_is_first(void **state)
{
    struct house house;
    (void)state;
    begin(&house);
    for (unsigned i = 0; i < WORKERS; i++) {
        dispatch_put(house.dispatch, i + 1);
        assert_int_equal(dispatch_take(house.dispatch, &house.workers[i]), i + 1);
    }
    dispatch_put_again(house.dispatch, 5);
    dispatch_put(house.dispatch, 6);
    dispatch_put_again(house.dispatch, 7);
    int64_t after = clock_monotonic_us();
    assert_int_equal(dispatch_waiting(house.dispatch), 3);
    assert_int_equal(dispatch_take_back(house.dispatch, after, after), 6);
    assert_int_equal(dispatch_take_back(house.dispatch, after, after), 0);
    dispatch_put(house.dispatch, 8);
    assert_int_equal(dispatch_take(house.dispatch, &house.workers[0]), 5);
    assert_int_equal(dispatch_take(house.dispatch, &house.workers[1]), 7);
    assert_int_equal(dispatch_take(house.dispatch, &house.workers[2]), 8);
    end(&house);
}

/* One that lingers is about to be free. */
static void who_lingers_is_not_busy(void **state)
{
    struct house house;
    (void)state;
    begin(&house);
    for (unsigned i = 0; i < WORKERS; i++) {
        dispatch_put(house.dispatch, i + 1);
        assert_int_equal(dispatch_take(house.dispatch, &house.workers[i]), i + 1);
    }
    assert_true(dispatch_is_full(house.dispatch));
    dispatch_linger(house.dispatch, &house.workers[0], true);
    assert_false(dispatch_is_full(house.dispatch));
    dispatch_linger(house.dispatch, &house.workers[0], false);
    assert_true(dispatch_is_full(house.dispatch));
    assert_false(dispatch_may_linger(house.dispatch)); /* none of the others is idle */
    end(&house);
}

static void at_the_end_there_is_no_work(void **state)
{
    struct house house;
    (void)state;
    begin(&house);
    dispatch_close(house.dispatch);
    dispatch_put(house.dispatch, 1);
    assert_int_equal(dispatch_take(house.dispatch, &house.workers[0]), 0);
    end(&house);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_came_first_is_first),     cmocka_unit_test(who_waits_too_long_is_taken_back),
        cmocka_unit_test(who_was_begun_is_first),      cmocka_unit_test(who_lingers_is_not_busy),
        cmocka_unit_test(at_the_end_there_is_no_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
