/* Which worker gets which request: with one thread, so that nothing here waits for another. */
#include "gateway/server/dispatch.h"

#include "base/time/clock.h"
#include "tests/unit.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

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

/* ---- workers that watch ---- */

struct watched {
    int events, ready;
    unsigned taken, left;
    unsigned there; /* a request is, at this place */
};

static unsigned take_there(void *context, unsigned place)
{
    struct watched *watched = context;
    eventfd_t ignored;
    assert_int_equal(place, 3);
    assert_int_equal(eventfd_read(watched->ready, &ignored), 0);
    watched->taken++;
    return watched->there;
}

static void count_left(void *context)
{
    ((struct watched *)context)->left++;
}

static void begin_watching(struct house *house, struct watched *watched)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.u64 = 3};
    *watched = (struct watched){.events = epoll_create1(0), .ready = eventfd(1, EFD_NONBLOCK), .there = 3};
    const struct dispatch_watch watch = {watched->events, take_there, count_left, watched};
    begin(house);
    assert_int_equal(epoll_ctl(watched->events, EPOLL_CTL_ADD, watched->ready, &event), 0);
    assert_int_equal(dispatch_watch(house->dispatch, &watch, NULL), 0);
}

static void end_watching(struct house *house, struct watched *watched)
{
    end(house);
    (void)close(watched->ready);
    (void)close(watched->events);
}

/* Behind what was put for it; and it says that nobody watches any more. */
static void who_watches_takes_what_comes(void **state)
{
    struct house house;
    struct watched watched;
    (void)state;
    begin_watching(&house, &watched);
    dispatch_put(house.dispatch, 7);
    assert_int_equal(dispatch_take(house.dispatch, &house.workers[0]), 7);
    assert_int_equal(watched.taken + watched.left, 0);
    assert_int_equal(dispatch_take(house.dispatch, &house.workers[0]), 3);
    assert_int_equal(watched.taken, 1);
    assert_int_equal(watched.left, 1);
    assert_false(dispatch_is_watched(house.dispatch));
    end_watching(&house, &watched);
}

static struct dispatch *to_put; /* by the callback */

static unsigned take_nothing(void *context, unsigned place)
{
    unsigned there = take_there(context, place);
    dispatch_put(to_put, 5);
    return there;
}

/* An event without a request: what was put meanwhile, while nobody watched, is found all the same. */
static void what_is_put_for_nobody_is_found(void **state)
{
    struct house house;
    struct watched watched = {.events = epoll_create1(0), .ready = eventfd(1, EFD_NONBLOCK)};
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.u64 = 3};
    const struct dispatch_watch watch = {watched.events, take_nothing, count_left, &watched};
    (void)state;
    begin(&house);
    to_put = house.dispatch;
    assert_int_equal(epoll_ctl(watched.events, EPOLL_CTL_ADD, watched.ready, &event), 0);
    assert_int_equal(dispatch_watch(house.dispatch, &watch, NULL), 0);
    assert_int_equal(dispatch_take(house.dispatch, &house.workers[0]), 5);
    assert_int_equal(watched.taken, 1);
    end_watching(&house, &watched);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_came_first_is_first),         cmocka_unit_test(who_waits_too_long_is_taken_back),
        cmocka_unit_test(who_was_begun_is_first),          cmocka_unit_test(who_lingers_is_not_busy),
        cmocka_unit_test(at_the_end_there_is_no_work),     cmocka_unit_test(who_watches_takes_what_comes),
        cmocka_unit_test(what_is_put_for_nobody_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
