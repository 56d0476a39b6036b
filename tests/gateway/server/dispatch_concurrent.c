/* Every request is taken once, by one worker, and what was written before it was handed over is seen. */
#include "gateway/server/dispatch.h"

#include "tests/unit.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { WORKERS = 6, PRODUCERS = 2, EACH = 20000, TOTAL = PRODUCERS * EACH };

/* More workers than watch at a time; a descriptor for each event, so fewer of them. */
enum { CROWD = DISPATCH_WATCHING + 8, EVENTS = 400, BOTH = 2 * EVENTS };

static struct dispatch *dispatch;
static unsigned written[TOTAL + 1]; /* by who puts, plainly */
static unsigned taken[TOTAL + 1];   /* by who takes, plainly */
static atomic_uint count;

static void *produce(void *context)
{
    unsigned first = *(const unsigned *)context;
    for (unsigned i = 0; i < EACH; i++) {
        written[first + i] = first + i;
        dispatch_put(dispatch, first + i);
    }
    return NULL;
}

static void *work(void *context)
{
    struct dispatch_worker *worker = context;
    for (unsigned place; (place = dispatch_take(dispatch, worker)) != 0;) {
        taken[place] += written[place];
        if (atomic_fetch_add(&count, 1) % 3 == 0 && dispatch_may_linger(dispatch)) {
            dispatch_linger(dispatch, worker, true);
            dispatch_linger(dispatch, worker, false);
        }
        if (atomic_load(&count) == TOTAL)
            dispatch_close(dispatch);
    }
    return NULL;
}

static void each_is_taken_once(void **state)
{
    pthread_t workers[WORKERS], producers[PRODUCERS];
    struct dispatch_worker seats[WORKERS];
    unsigned firsts[PRODUCERS];
    (void)state;
    dispatch = dispatch_new(WORKERS, TOTAL, NULL);
    assert_non_null(dispatch);
    for (size_t i = 0; i < WORKERS; i++) {
        assert_int_equal(dispatch_worker_init(&seats[i]), 0);
        assert_int_equal(pthread_create(&workers[i], NULL, work, &seats[i]), 0);
    }
    for (unsigned i = 0; i < PRODUCERS; i++) {
        firsts[i] = 1 + i * EACH;
        assert_int_equal(pthread_create(&producers[i], NULL, produce, &firsts[i]), 0);
    }
    for (size_t i = 0; i < PRODUCERS; i++)
        assert_int_equal(pthread_join(producers[i], NULL), 0);
    for (size_t i = 0; i < WORKERS; i++)
        assert_int_equal(pthread_join(workers[i], NULL), 0);
    for (unsigned i = 1; i <= TOTAL; i++)
        assert_int_equal(taken[i], i);
    assert_true(dispatch_is_complete(dispatch));
    for (size_t i = 0; i < WORKERS; i++)
        dispatch_worker_done(&seats[i]);
    dispatch_free(dispatch);
}

/* ---- half of them come by the kernel ---- */

static int events;

static void *tell(void *context)
{
    const int *fds = context;
    for (unsigned i = 0; i < EVENTS; i++) {
        struct epoll_event event = {.events = EPOLLIN | EPOLLONESHOT, .data.u64 = EVENTS + 1 + i};
        written[EVENTS + 1 + i] = EVENTS + 1 + i;
        assert_int_equal(epoll_ctl(events, EPOLL_CTL_ADD, fds[i], &event), 0);
    }
    return NULL;
}

static void *put(void *context)
{
    (void)context;
    for (unsigned i = 1; i <= EVENTS; i++) {
        written[i] = i;
        dispatch_put(dispatch, i);
    }
    return NULL;
}

static unsigned take_it(void *context, unsigned place)
{
    (void)context;
    return place;
}

static void nobody_watches(void *context)
{
    (void)context;
}

static void *work_on_both(void *context)
{
    for (unsigned place; (place = dispatch_take(dispatch, context)) != 0;) {
        taken[place] += written[place];
        if (atomic_fetch_add(&count, 1) + 1 == BOTH)
            dispatch_close(dispatch);
    }
    return NULL;
}

/* Whoever rests, watches or is on his way: no call is lost, and at the end each is told. */
static void each_is_taken_once_from_either_side(void **state)
{
    pthread_t workers[CROWD], sides[2];
    struct dispatch_worker seats[CROWD];
    int fds[EVENTS];
    (void)state;
    memset(taken, 0, sizeof taken);
    atomic_store(&count, 0);
    events = epoll_create1(0);
    dispatch = dispatch_new(CROWD, BOTH, NULL);
    const struct dispatch_watch watch = {events, take_it, nobody_watches, NULL};
    assert_true(dispatch != NULL && dispatch_watch(dispatch, &watch, NULL) == 0);
    for (size_t i = 0; i < EVENTS; i++)
        fds[i] = eventfd(1, 0);
    for (size_t i = 0; i < CROWD; i++) {
        assert_int_equal(dispatch_worker_init(&seats[i]), 0);
        assert_int_equal(pthread_create(&workers[i], NULL, work_on_both, &seats[i]), 0);
    }
    assert_int_equal(pthread_create(&sides[0], NULL, put, NULL), 0);
    assert_int_equal(pthread_create(&sides[1], NULL, tell, fds), 0);
    for (size_t i = 0; i < COUNT(sides); i++)
        assert_int_equal(pthread_join(sides[i], NULL), 0);
    for (size_t i = 0; i < CROWD; i++)
        assert_int_equal(pthread_join(workers[i], NULL), 0);
    for (unsigned i = 1; i <= BOTH; i++)
        assert_int_equal(taken[i], i);
    for (size_t i = 0; i < CROWD; i++)
        dispatch_worker_done(&seats[i]);
    dispatch_free(dispatch);
    for (size_t i = 0; i < EVENTS; i++)
        (void)close(fds[i]);
    (void)close(events);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_is_taken_once),
                                       cmocka_unit_test(each_is_taken_once_from_either_side)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
