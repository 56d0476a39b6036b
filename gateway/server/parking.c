/* One file, longer than others, because every step here may end a connection or hand it on, and which thread
 * has it then is to be seen at one place. */
#include "gateway/server/parking.h"

#include "base/time/clock.h"
#include "gateway/connection/connection.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
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
    HELPERS_MAX = 64,  /* threads for handshakes: one for each processor */
    FOREVER = -1,
};

/* Of what the thread's own events tell. */
enum { LISTENER, PARKED, WAKE };

/* A thread for handshakes. */
struct helper {
    struct parking *parking;
    struct dispatch_worker seat;
    pthread_t thread;
};

struct parking {
    struct connections *guard;
    struct dispatch *dispatch;
    struct waiters *waiters;
    struct dispatch *handshakes; /* whose handshake goes further; NULL: there is no TLS */
    struct helper helpers[HELPERS_MAX];
    size_t helper_count;
    int events;          /* the thread's own */
    int parked;          /* those of parked connections: workers watch them, too */
    atomic_bool watches; /* the thread is told of them */
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
    struct epoll_event event = {.events = EPOLLIN | (what == WAKE ? 0u : EPOLLONESHOT), .data.u64 = what};
    return epoll_ctl(parking->events, how, fd, &event);
}

/* By any thread: while no worker watches those that are parked, ours is told of them.  To change what was
 * added cannot fail: epoll_ctl(2) needs no memory for it. */
static void watch_parked(void *context)
{
    struct parking *parking = context;
    if (!atomic_exchange(&parking->watches, true))
        (void)watch(parking, EPOLL_CTL_MOD, parking->parked, PARKED);
}

/* ---- those that are parked ---- */

/* A request that waited for a time goes on before those that have just come. */
static void hand_over(struct parking *parking, unsigned place)
{
    bool again = connections_waits_for(parking->guard, place) == CONNECTIONS_FOR_TIME;
    connections_wait(parking->guard, place, CONNECTIONS_FOR_WORKER);
    if (again)
        dispatch_put_again(parking->dispatch, place);
    else
        dispatch_put(parking->dispatch, place);
}

/* The next event of one that a helper has had parks it again. */
static bool watch_again(struct parking *parking, const struct connection *connection)
{
    unsigned place = connection->place;
    if (connection->inbox->end == 0)
        connections_empty(parking->guard, place);
    return connections_waits_for(parking->guard, place) == CONNECTIONS_FOR_HANDSHAKE
               ? connections_park(parking->guard, place, CONNECTIONS_FOR_HEADER)
               : connections_watch(parking->guard, place);
}

/* By the thread that has it: what was read of it means what comes next.  True: a worker has to serve it. */
static bool settle(struct parking *parking, struct connection *connection, enum connection_state state)
{
    if (state == CONNECTION_ASKS)
        return true;
    if (state == CONNECTION_ENDED && connection->tls != NULL && tls_is_plain(connection->tls))
        connections_refuse(parking->guard, connection->place, PROBLEM_MALFORMED_REQUEST,
                           "plain HTTP was sent to a port that takes TLS only: ask by https://");
    else if (state == CONNECTION_ENDED || !watch_again(parking, connection))
        connections_leave(parking->guard, connection->place);
    return false;
}

static bool gather(struct parking *parking, unsigned place)
{
    struct connection connection;
    if (connection_open(&connection, parking->guard, place))
        return settle(parking, &connection, connection_gather(&connection));
    connections_leave(parking->guard, place);
    return false;
}

/* ---- handshakes ---- */

static void *help(void *context)
{
    struct helper *helper = context;
    for (unsigned place; (place = dispatch_take(helper->parking->handshakes, &helper->seat)) != 0;)
        if (gather(helper->parking, place))
            hand_over(helper->parking, place);
    return NULL;
}

/* Then it is another thread's.  False: it is not in the middle of one. */
static bool hand_over_handshake(struct parking *parking, unsigned place)
{
    const struct tls *tls = connections_tls(parking->guard, place);
    if (parking->handshakes == NULL || tls == NULL || tls_is_open(tls))
        return false;
    connections_wait(parking->guard, place, CONNECTIONS_FOR_HANDSHAKE);
    dispatch_put(parking->handshakes, place);
    return true;
}

static size_t processors(void)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) != 0)
        return 1;
    size_t count = (size_t)CPU_COUNT(&set);
    return count < HELPERS_MAX ? count : HELPERS_MAX;
}

static void end_helpers(struct parking *parking)
{
    if (parking->handshakes == NULL)
        return;
    dispatch_close(parking->handshakes);
    for (size_t i = 0; i < parking->helper_count; i++)
        (void)pthread_join(parking->helpers[i].thread, NULL);
    for (size_t i = 0; i < parking->helper_count; i++) /* each may have called another one until its end */
        dispatch_worker_done(&parking->helpers[i].seat);
    dispatch_free(parking->handshakes);
    parking->handshakes = NULL;
}

/* One is enough to go on with. */
static int start_helpers(struct parking *parking, struct err *err)
{
    size_t places = connections_limits(parking->guard)->places;
    size_t most = processors();
    parking->handshakes = dispatch_new(most, places, err);
    if (parking->handshakes == NULL)
        return -1;
    for (size_t i = 0; i < most; i++) {
        struct helper *helper = &parking->helpers[i];
        helper->parking = parking;
        if (dispatch_worker_init(&helper->seat) != 0)
            break;
        if (pthread_create(&helper->thread, NULL, help, helper) != 0) {
            dispatch_worker_done(&helper->seat);
            break;
        }
        parking->helper_count++;
    }
    if (parking->helper_count > 0)
        return 0;
    end_helpers(parking);
    return err_set(err, ERR_SYSTEM, "cannot start a thread for TLS handshakes: %s", strerror(errno));
}

/* ---- events ---- */

static void forget(struct parking *parking, unsigned place)
{
    if (!connections_forget(parking->guard, place) || !connections_watch(parking->guard, place))
        connections_leave(parking->guard, place);
}

/* Of a parked one, by the thread that was told.  True: a worker has to serve it. */
static bool on_event(struct parking *parking, unsigned place)
{
    switch (connections_take(parking->guard, place)) {
    case CONNECTIONS_FOR_CLOSE:
        forget(parking, place);
        return false;
    case CONNECTIONS_FOR_TIME:
        return waiters_call(parking->waiters, place);
    case CONNECTIONS_FOR_HEADER:
    case CONNECTIONS_IDLE:
        return !hand_over_handshake(parking, place) && gather(parking, place);
    default: /* it has gone meanwhile */
        return false;
    }
}

/* By a worker that is idle: it serves the request itself. */
static unsigned take_one(void *context, unsigned place)
{
    return on_event(context, place) ? place : 0;
}

/* While no worker watches. */
static void on_parked(struct parking *parking)
{
    struct epoll_event events[EVENTS_MAX];
    atomic_store(&parking->watches, false);
    int count = epoll_wait(parking->parked, events, EVENTS_MAX, 0);
    for (int i = 0; i < count; i++) {
        unsigned place = (unsigned)events[i].data.u64;
        if (place == DISPATCH_CALL)
            dispatch_call(parking->dispatch);
        else if (on_event(parking, place))
            hand_over(parking, place);
    }
    if (!dispatch_is_watched(parking->dispatch))
        watch_parked(parking);
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
    bool paused = result == LISTENER_EXHAUSTED ||
                  watch(parking, EPOLL_CTL_MOD, parking->listeners->ready, LISTENER) != 0;
    parking->paused_us = paused ? clock_monotonic_us() : 0;
}

/* ---- those that are late ---- */

/* While many workers are idle one says what was late, with an access line; otherwise they are for others. */
static void end_late(struct parking *parking, unsigned place)
{
    struct connection connection;
    if (connections_waits_for(parking->guard, place) == CONNECTIONS_FOR_HEADER &&
        dispatch_may_linger(parking->dispatch) && connection_open(&connection, parking->guard, place)) {
        if (settle(parking, &connection, connection_give_up(&connection)))
            hand_over(parking, place);
    } else {
        connections_dismiss(parking->guard, place);
    }
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
        hand_over(parking, place);
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
        else if (what == PARKED)
            on_parked(parking);
        else if (eventfd_read(parking->wake, &ignored) == 0)
            parking->looked_us = 0;
    }
    if (come)
        accept_some(parking);
}

static void *park(void *context)
{
    struct parking *parking = context;
    struct epoll_event events[WAKE + 1];
    while (!atomic_load(&parking->ending)) {
        int count = epoll_wait(parking->events, events, COUNT(events), next_look(parking));
        on_events(parking, events, count);
        look(parking);
    }
    return NULL;
}

static void release(struct parking *parking)
{
    end_helpers(parking);
    if (parking->wake >= 0)
        (void)close(parking->wake);
    if (parking->events >= 0)
        (void)close(parking->events);
    free(parking);
}

static int start(struct parking *parking, struct err *err)
{
    if (parking->events < 0 || parking->wake < 0 || watch(parking, EPOLL_CTL_ADD, parking->wake, WAKE) != 0 ||
        watch(parking, EPOLL_CTL_ADD, parking->parked, PARKED) != 0 ||
        watch(parking, EPOLL_CTL_ADD, parking->listeners->ready, LISTENER) != 0 ||
        pthread_create(&parking->thread, NULL, park, parking) != 0)
        return err_set(err, ERR_SYSTEM, "cannot start the thread that watches connections: %s",
                       strerror(errno));
    return 0;
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
                                .events = epoll_create1(EPOLL_CLOEXEC),
                                .parked = connections_events(guard),
                                .watches = true,
                                .listeners = listeners,
                                .wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    if (listeners_have_tls(listeners) && start_helpers(parking, err) != 0) {
        release(parking);
        return NULL;
    }
    if (start(parking, err) != 0) {
        release(parking);
        return NULL;
    }
    const struct dispatch_watch workers = {parking->parked, take_one, watch_parked, parking};
    if (dispatch_watch(dispatch, &workers, err) == 0)
        return parking;
    parking_end(parking);
    return NULL;
}
