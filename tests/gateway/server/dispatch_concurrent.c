/* Every request is taken once, by one worker, and what was written before it was handed over is seen. */
#include "gateway/server/dispatch.h"

#include "tests/unit.h"

#include <sched.h>
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
    (void)context; /* see gather_instead() */
}

static int gatherer; /* of who gathers while no worker watches: he is told of all, and at last to end */

static void gather_one(void)
{
    struct epoll_event event;
    if (dispatch_is_watched(dispatch) || epoll_wait(events, &event, 1, 0) != 1)
        (void)sched_yield();
    else if (event.data.u64 == DISPATCH_CALL)
        dispatch_call(dispatch);
    else
        dispatch_put(dispatch, (unsigned)event.data.u64);
}

static void *gather_instead(void *context)
{
    struct epoll_event found[2];
    int so_many = 0;
    (void)context;
    while ((so_many = epoll_wait(gatherer, found, COUNT(found), -1)) > 0 && found[0].data.u64 == 0 &&
           found[so_many - 1].data.u64 == 0)
        gather_one();
    return NULL;
}

static void tell_gatherer(int fd, unsigned what)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = what};
    assert_int_equal(epoll_ctl(gatherer, EPOLL_CTL_ADD, fd, &event), 0);
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
    pthread_t workers[CROWD], sides[2], other;
    struct dispatch_worker seats[CROWD];
    int fds[EVENTS], over = eventfd(1, 0);
    (void)state;
    memset(taken, 0, sizeof taken);
    atomic_store(&count, 0);
    events = epoll_create1(0);
    gatherer = epoll_create1(0);
    tell_gatherer(events, 0);
    dispatch = dispatch_new(CROWD, BOTH, NULL);
    const struct dispatch_watch watch = {events, take_it, nobody_watches, NULL};
    assert_true(dispatch != NULL && dispatch_watch(dispatch, &watch, NULL) == 0);
    for (size_t i = 0; i < EVENTS; i++)
        fds[i] = eventfd(1, 0);
    for (size_t i = 0; i < CROWD; i++) {
        assert_int_equal(dispatch_worker_init(&seats[i]), 0);
        assert_int_equal(pthread_create(&workers[i], NULL, work_on_both, &seats[i]), 0);
    }
    assert_int_equal(pthread_create(&other, NULL, gather_instead, NULL), 0);
    assert_int_equal(pthread_create(&sides[0], NULL, put, NULL), 0);
    assert_int_equal(pthread_create(&sides[1], NULL, tell, fds), 0);
    for (size_t i = 0; i < COUNT(sides); i++)
        assert_int_equal(pthread_join(sides[i], NULL), 0);
    for (size_t i = 0; i < CROWD; i++)
        assert_int_equal(pthread_join(workers[i], NULL), 0);
    tell_gatherer(over, 1);
    assert_int_equal(pthread_join(other, NULL), 0);
    for (unsigned i = 1; i <= BOTH; i++)
        assert_int_equal(taken[i], i);
    for (size_t i = 0; i < CROWD; i++)
        dispatch_worker_done(&seats[i]);
    dispatch_free(dispatch);
    for (size_t i = 0; i < EVENTS; i++)
        (void)close(fds[i]);
    (void)close(over);
    (void)close(gatherer);
    (void)close(events);
}

/* ---- a crowd ---- */

enum { EVENT = 1000, MANY = DISPATCH_WATCHING + 1 };

static atomic_bool told;

static void *work_until_told(void *context)
{
    while (dispatch_take(dispatch, context) != EVENT)
        (void)atomic_fetch_add(&count, 1);
    atomic_store(&told, true);
    return NULL;
}

/* Though the kernel has an event for it the only worker rests after many have waited, and takes what is put;
 * when that was some time ago it watches again. */
static void nobody_watches_in_a_crowd(void **state)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLONESHOT, .data.u64 = EVENT};
    int fd = eventfd(1, 0);
    struct dispatch_worker seat;
    pthread_t worker;
    (void)state;
    atomic_store(&count, 0);
    events = epoll_create1(0);
    dispatch = dispatch_new(1, MANY, NULL);
    const struct dispatch_watch watch = {events, take_it, nobody_watches, NULL};
    assert_true(dispatch != NULL && dispatch_watch(dispatch, &watch, NULL) == 0);
    assert_int_equal(epoll_ctl(events, EPOLL_CTL_ADD, fd, &event), 0);
    for (unsigned i = 1; i <= MANY; i++)
        dispatch_put(dispatch, i);
    assert_int_equal(dispatch_worker_init(&seat), 0);
    assert_int_equal(pthread_create(&worker, NULL, work_until_told, &seat), 0);
    while (!atomic_load(&told)) {
        if (dispatch_may_linger(dispatch)) /* it is idle */
            dispatch_put(dispatch, 1);
        (void)sched_yield();
    }
    assert_int_equal(pthread_join(worker, NULL), 0);
    assert_true(atomic_load(&count) > MANY);
    dispatch_worker_done(&seat);
    dispatch_free(dispatch);
    (void)close(fd);
    (void)close(events);
}

/* ---- a large crowd ---- */

enum { LARGE = 65, CALM_US = 100000 }; /* as in dispatch.c */

static atomic_llong stopped_us; /* 0: the clock goes */

int64_t __real_clock_monotonic_us(void);
int64_t __wrap_clock_monotonic_us(void);

int64_t __wrap_clock_monotonic_us(void)
{
    int64_t at = atomic_load(&stopped_us);
    return at != 0 ? at : __real_clock_monotonic_us();
}

static void *work_to_the_end(void *context)
{
    while (dispatch_take(dispatch, context) != 0)
        continue;
    return NULL;
}

/* The only worker is idle before and after; the clock alone says whether it may linger. */
static void nobody_lingers_after(unsigned crowd, bool lingers)
{
    struct dispatch_worker seat;
    pthread_t worker;
    dispatch = dispatch_new(1, crowd, NULL);
    assert_non_null(dispatch);
    assert_int_equal(dispatch_worker_init(&seat), 0);
    atomic_store(&stopped_us, 1000);
    for (unsigned i = 1; i <= crowd; i++)
        dispatch_put(dispatch, i);
    atomic_store(&stopped_us, 1000 + CALM_US);
    assert_int_equal(pthread_create(&worker, NULL, work_to_the_end, &seat), 0);
    while (!dispatch_may_linger(dispatch))
        (void)sched_yield();
    atomic_store(&stopped_us, 1000 + CALM_US - 1);
    assert_int_equal(dispatch_may_linger(dispatch), lingers);
    dispatch_close(dispatch);
    assert_int_equal(pthread_join(worker, NULL), 0);
    dispatch_worker_done(&seat);
    dispatch_free(dispatch);
    atomic_store(&stopped_us, 0);
}

static void nobody_lingers_in_a_large_crowd(void **state)
{
    (void)state;
    nobody_lingers_after(LARGE, false);
    nobody_lingers_after(LARGE - 1, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_is_taken_once), cmocka_unit_test(each_is_taken_once_from_either_side),
        cmocka_unit_test(nobody_watches_in_a_crowd), cmocka_unit_test(nobody_lingers_in_a_large_crowd)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
