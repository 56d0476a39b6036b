#include "gateway/server/parking.h"

#include "base/clock.h"
#include "gateway/server/connection.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    EVENTS_MAX = 64,   /* at a time */
    LATE_MAX = 32,     /* at a time: each is an answer and some system calls */
    NEWCOMERS_MAX = 8, /* at a time: those before them may have asked already */
    TICK_MS = 100,     /* between two looks at all places          */
    QUEUE_MS = 5,      /* while somebody waits for a worker        */
    PAUSE_MS = 10,     /* until there may be descriptors again     */
    FOREVER = -1,
};

/* What is no place. */
enum { LISTENER = CONNECTIONS_PLACES_MAX + 1, WAKE };

struct parking {
    struct connections *guard;
    struct dispatch *dispatch;
    struct waiters *waiters;
    int events;
    struct listeners *listeners;
    int wake;
    int64_t paused_us;  /* since then descriptors are out; 0: they are not */
    int64_t looked_us;  /* at all */
    unsigned looked_at; /* up to this place, when not at all of them yet */
    int64_t queued_us;  /* at those who wait for a worker */
    atomic_bool ending;
    pthread_t thread;
};

static int watch(const struct parking *parking, int how, int fd, unsigned what)
{
    struct epoll_event event = {.events = EPOLLIN | (what == LISTENER ? EPOLLONESHOT : 0u), .data.u64 = what};
    return epoll_ctl(parking->events, how, fd, &event);
}

/* ---- those that are parked ---- */

static void hand_over(struct parking *parking, unsigned place)
{
    connections_wait(parking->guard, place, CONNECTIONS_FOR_WORKER);
    dispatch_put(parking->dispatch, place);
}

/* A request that waited goes on. */
static void hand_over_again(struct parking *parking, unsigned place)
{
    connections_wait(parking->guard, place, CONNECTIONS_FOR_WORKER);
    dispatch_put_again(parking->dispatch, place);
}

static void settle(struct parking *parking, struct connection *connection, enum connection_state state)
{
    if (state == CONNECTION_ASKS)
        hand_over(parking, connection->place);
    else if (state == CONNECTION_ENDED && connection->tls != NULL && tls_is_plain(connection->tls))
        connections_refuse(parking->guard, connection->place, PROBLEM_MALFORMED_REQUEST,
                           "plain HTTP was sent to a port that takes TLS only: ask by https://");
    else if (state == CONNECTION_ENDED || !connections_watch(parking->guard, connection->place))
        connections_leave(parking->guard, connection->place);
    else if (connection->inbox->end == 0)
        connections_empty(parking->guard, connection->place);
}

static void gather(struct parking *parking, unsigned place)
{
    struct connection connection;
    if (connection_open(&connection, parking->guard, place))
        settle(parking, &connection, connection_gather(&connection));
    else
        connections_leave(parking->guard, place);
}

static void forget(struct parking *parking, unsigned place)
{
    if (!connections_forget(parking->guard, place) || !connections_watch(parking->guard, place))
        connections_leave(parking->guard, place);
}

static void on_event(struct parking *parking, unsigned place)
{
    if (!connections_is_parked(parking->guard, place))
        return; /* it has gone meanwhile */
    enum connections_wait wait = connections_waits_for(parking->guard, place);
    if (wait == CONNECTIONS_FOR_CLOSE)
        forget(parking, place);
    else if (wait != CONNECTIONS_FOR_TIME)
        gather(parking, place);
    else if (waiters_call(parking->waiters, place))
        hand_over_again(parking, place);
}

/* ---- those who come ---- */

static void accept_some(struct parking *parking)
{
    enum listener_result result = LISTENER_GOOD;
    for (int i = 0; i < NEWCOMERS_MAX && result == LISTENER_GOOD; i++) {
        struct network peer;
        struct tls *tls = NULL;
        int fd = -1;
        result = listeners_accept(parking->listeners, &fd, &peer, &tls);
        if (result == LISTENER_GOOD)
            (void)connections_admit(parking->guard, fd, &peer, tls);
    }
    if (result == LISTENER_EXHAUSTED)
        connections_make_room(parking->guard);
    parking->paused_us = result == LISTENER_EXHAUSTED ? clock_monotonic_us() : 0;
    if (parking->paused_us == 0)
        (void)watch(parking, EPOLL_CTL_MOD, parking->listeners->ready, LISTENER);
}

/* ---- those that are late ---- */

/* While many workers are idle one says what was late, with an access line; otherwise they are for others. */
static void end_late(struct parking *parking, unsigned place)
{
    struct connection connection;
    if (connections_waits_for(parking->guard, place) == CONNECTIONS_FOR_HEADER &&
        dispatch_may_linger(parking->dispatch) && connection_open(&connection, parking->guard, place))
        settle(parking, &connection, connection_give_up(&connection));
    else
        connections_dismiss(parking->guard, place);
}

/* Some of them, and the others after the next events. */
static void look_at_all(struct parking *parking, int64_t now)
{
    for (int i = 0; i < LATE_MAX; i++) {
        parking->looked_at = connections_late(parking->guard, parking->looked_at, now);
        if (parking->looked_at == 0) {
            parking->looked_us = now;
            return;
        }
        end_late(parking, parking->looked_at);
    }
}

static void look_at_waiters(struct parking *parking, int64_t now)
{
    for (unsigned place; (place = waiters_due(parking->waiters, now)) != 0;)
        hand_over_again(parking, place);
}

/* Whom no worker takes is answered here; and one that has kept its worker waiting goes for each. */
static void look_at_queue(struct parking *parking, int64_t now)
{
    int queue_ms = connections_limits(parking->guard)->queue_ms;
    int moving_ms = queue_ms > CONNECTIONS_MOVING_MS ? queue_ms : CONNECTIONS_MOVING_MS;
    int64_t before = now - INT64_C(1000) * queue_ms;
    int64_t long_before = now - INT64_C(1000) * moving_ms;
    unsigned place;
    parking->queued_us = now;
    for (int i = 0; i < LATE_MAX && (place = dispatch_take_back(parking->dispatch, before, long_before)) != 0;
         i++)
        connections_refuse(parking->guard, place, PROBLEM_BUSY, "all workers are taken");
    if (dispatch_is_full(parking->dispatch))
        connections_make_way(parking->guard, dispatch_waiting(parking->dispatch));
}

/* ---- the thread ---- */

/* Not longer than to a time. */
static int until(int64_t time_us, int millis)
{
    int64_t left_us = time_us - clock_monotonic_us();
    if (left_us <= 0)
        return 0;
    return left_us < INT64_C(1000) * millis ? (int)((left_us + 999) / 1000) : millis;
}

static int next_look(const struct parking *parking)
{
    struct connections_counts counts;
    connections_count(parking->guard, &counts);
    if (parking->looked_at != 0)
        return 0;
    if (dispatch_waiting(parking->dispatch) > 0)
        return QUEUE_MS;
    if (parking->paused_us != 0)
        return PAUSE_MS;
    return counts.open > 0 ? until(waiters_next_us(parking->waiters), TICK_MS) : FOREVER;
}

static void look(struct parking *parking)
{
    int64_t now = clock_monotonic_us();
    if (dispatch_waiting(parking->dispatch) > 0 && now - parking->queued_us >= QUEUE_MS * 1000)
        look_at_queue(parking, now);
    look_at_waiters(parking, now);
    if (parking->looked_at != 0 || now - parking->looked_us >= TICK_MS * 1000)
        look_at_all(parking, now);
}

static bool may_try_again(const struct parking *parking)
{
    return parking->paused_us != 0 && clock_monotonic_us() - parking->paused_us >= PAUSE_MS * 1000;
}

/* Newcomers last: those who may go for them have been looked at. */
static void on_events(struct parking *parking, const struct epoll_event *events, int count)
{
    bool come = may_try_again(parking);
    for (int i = 0; i < count; i++) {
        eventfd_t ignored;
        uint64_t what = events[i].data.u64;
        if (what == LISTENER)
            come = true;
        else if (what != WAKE)
            on_event(parking, (unsigned)what);
        else if (eventfd_read(parking->wake, &ignored) == 0)
            parking->looked_us = 0;
    }
    if (come)
        accept_some(parking);
}

static void *park(void *context)
{
    struct parking *parking = context;
    struct epoll_event events[EVENTS_MAX];
    while (!atomic_load(&parking->ending)) {
        int count = epoll_wait(parking->events, events, EVENTS_MAX, next_look(parking));
        on_events(parking, events, count);
        look(parking);
    }
    return NULL;
}

static void release(struct parking *parking)
{
    if (parking->wake >= 0)
        (void)close(parking->wake);
    free(parking);
}

struct parking *parking_start(struct connections *guard, struct dispatch *dispatch, struct waiters *waiters,
                              struct listeners *listeners, struct err *err)
{
    struct parking *parking = calloc(1, sizeof *parking);
    if (parking == NULL) {
        err_memory(err);
        return NULL;
    }
    *parking = (struct parking){.guard = guard,
                                .dispatch = dispatch,
                                .waiters = waiters,
                                .events = connections_events(guard),
                                .listeners = listeners,
                                .wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    if (parking->wake < 0 || watch(parking, EPOLL_CTL_ADD, parking->wake, WAKE) != 0 ||
        watch(parking, EPOLL_CTL_ADD, listeners->ready, LISTENER) != 0 ||
        pthread_create(&parking->thread, NULL, park, parking) != 0) {
        err_set(err, ERR_SYSTEM, "cannot start the thread that watches connections: %s", strerror(errno));
        release(parking);
        return NULL;
    }
    return parking;
}

void parking_wake(struct parking *parking)
{
    (void)eventfd_write(parking->wake, 1);
}

void parking_end(struct parking *parking)
{
    if (parking == NULL)
        return;
    atomic_store(&parking->ending, true);
    parking_wake(parking);
    (void)pthread_join(parking->thread, NULL);
    release(parking);
}
