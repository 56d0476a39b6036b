#include "gateway/server/dispatch.h"

#include "base/time/clock.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* More that wait than may watch are a crowd: processors are short.  So long after it nobody begins to
 * watch; and after a large one nobody lingers either. */
enum { CALM_US = 100000, LARGE_CROWD = 64 };

struct waiting {
    unsigned place;
    int64_t since; /* monotonic, us */
};

/* A ring. */
struct queue {
    struct waiting *places;
    size_t first; /* who came first */
    size_t count;
};

struct dispatch {
    pthread_mutex_t mutex; /* guards everything but the atomics */
    size_t capacity;       /* of a queue */
    struct queue again;    /* who has had a worker before */
    struct queue queue;
    struct dispatch_worker *idle; /* the last one that came is the first one to go */
    size_t workers;
    struct dispatch_watch watch; /* where some of the idle ones wait */
    int call;                    /* an eventfd there, which calls one of them; -1: nobody watches, ever */
    bool calling;                /* one that was idle is on its way */
    int64_t moved;               /* when a worker last took a request; monotonic, us */
    int64_t calm;                /* when the last crowd is forgotten; the same */
    bool closed;
    atomic_llong quiet;     /* as `calm`, of the last large crowd; 0: there was none */
    atomic_size_t there;    /* workers that have ever come */
    atomic_size_t resting;  /* of the idle list */
    atomic_size_t watching; /* idle, too; one of them may have an event already */
    atomic_size_t busy;     /* workers that have a request */
    atomic_size_t waits;    /* in both queues */
};

static void release(struct dispatch *dispatch)
{
    if (dispatch == NULL)
        return;
    free(dispatch->queue.places);
    free(dispatch->again.places);
    free(dispatch);
}

struct dispatch *dispatch_new(size_t workers, size_t connections, struct err *err)
{
    struct dispatch *dispatch = calloc(1, sizeof *dispatch);
    if (dispatch != NULL) {
        dispatch->queue.places = calloc(connections, sizeof *dispatch->queue.places);
        dispatch->again.places = calloc(connections, sizeof *dispatch->again.places);
    }
    if (dispatch == NULL || dispatch->queue.places == NULL || dispatch->again.places == NULL ||
        pthread_mutex_init(&dispatch->mutex, NULL) != 0) {
        release(dispatch);
        err_memory(err);
        return NULL;
    }
    dispatch->capacity = connections;
    dispatch->workers = workers;
    dispatch->call = -1;
    return dispatch;
}

void dispatch_free(struct dispatch *dispatch)
{
    if (dispatch == NULL)
        return;
    if (dispatch->call >= 0)
        (void)close(dispatch->call);
    (void)pthread_mutex_destroy(&dispatch->mutex);
    release(dispatch);
}

/* Edge by edge: each write calls one, and nobody has to read. */
int dispatch_watch(struct dispatch *dispatch, const struct dispatch_watch *watch, struct err *err)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.u64 = DISPATCH_CALL};
    int call = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (call < 0 || epoll_ctl(watch->events, EPOLL_CTL_ADD, call, &event) != 0) {
        err_set(err, ERR_SYSTEM, "cannot call workers: %s", strerror(errno));
        if (call >= 0)
            (void)close(call);
        return -1;
    }
    (void)pthread_mutex_lock(&dispatch->mutex);
    dispatch->watch = *watch;
    dispatch->call = call;
    (void)pthread_mutex_unlock(&dispatch->mutex);
    return 0;
}

int dispatch_worker_init(struct dispatch_worker *worker)
{
    *worker = (struct dispatch_worker){0};
    return pthread_cond_init(&worker->turn, NULL) == 0 ? 0 : -1;
}

void dispatch_worker_done(struct dispatch_worker *worker)
{
    (void)pthread_cond_destroy(&worker->turn);
}

/* ---- under the mutex ---- */

static void push(struct dispatch *dispatch, struct queue *queue, unsigned place)
{
    size_t last = (queue->first + queue->count++) % dispatch->capacity;
    queue->places[last] = (struct waiting){place, clock_monotonic_us()};
    size_t waits = atomic_fetch_add(&dispatch->waits, 1) + 1;
    if (waits > DISPATCH_WATCHING)
        dispatch->calm = queue->places[last].since + CALM_US;
    if (waits > LARGE_CROWD)
        atomic_store(&dispatch->quiet, queue->places[last].since + CALM_US);
}

static unsigned pop(struct dispatch *dispatch, struct queue *queue)
{
    unsigned place = queue->places[queue->first].place;
    queue->first = (queue->first + 1) % dispatch->capacity;
    queue->count--;
    atomic_fetch_sub(&dispatch->waits, 1);
    return place;
}

static void set_busy(struct dispatch *dispatch, struct dispatch_worker *worker, bool busy)
{
    if (worker->busy && !busy)
        atomic_fetch_sub(&dispatch->busy, 1);
    if (!worker->busy && busy)
        atomic_fetch_add(&dispatch->busy, 1);
    worker->busy = busy;
}

/* One that watches.  Where all of them have an event already, each looks at the queue before it watches
 * again. */
static void call_watching(struct dispatch *dispatch)
{
    if (atomic_load(&dispatch->watching) > 0)
        (void)eventfd_write(dispatch->call, 1);
}

/* Whom to wake when the mutex is given up, or NULL.  One at a time: each that comes calls the next while
 * there is work.  Where processors are short, a worker that ends takes more of it before the one that was
 * called can run, and fewer threads are woken. */
static struct dispatch_worker *call_one(struct dispatch *dispatch)
{
    struct dispatch_worker *worker = dispatch->idle;
    if (atomic_load(&dispatch->waits) == 0 || dispatch->calling)
        return NULL;
    if (worker == NULL) {
        call_watching(dispatch);
        return NULL;
    }
    dispatch->idle = worker->next;
    atomic_fetch_sub(&dispatch->resting, 1);
    dispatch->calling = worker->called = true;
    return worker;
}

static void wake(struct dispatch_worker *worker)
{
    if (worker != NULL)
        (void)pthread_cond_signal(&worker->turn);
}

/* ---- who works ---- */

static void put(struct dispatch *dispatch, struct queue *queue, unsigned place)
{
    (void)pthread_mutex_lock(&dispatch->mutex);
    push(dispatch, queue, place);
    struct dispatch_worker *called = call_one(dispatch);
    (void)pthread_mutex_unlock(&dispatch->mutex);
    wake(called);
}

void dispatch_put(struct dispatch *dispatch, unsigned place)
{
    put(dispatch, &dispatch->queue, place);
}

void dispatch_put_again(struct dispatch *dispatch, unsigned place)
{
    put(dispatch, &dispatch->again, place);
}

static void rest(struct dispatch *dispatch, struct dispatch_worker *worker)
{
    worker->called = false;
    worker->next = dispatch->idle;
    dispatch->idle = worker;
    atomic_fetch_add(&dispatch->resting, 1);
    while (!worker->called && !dispatch->closed)
        (void)pthread_cond_wait(&worker->turn, &dispatch->mutex);
    if (worker->called)
        dispatch->calling = false;
}

/* Not in a crowd: workers that the kernel wakes one by one would hold up each other, and the thread that
 * gathers for all.  Measured by the last request that was taken: where none comes, nobody waits either. */
static bool may_watch(const struct dispatch *dispatch)
{
    return dispatch->call >= 0 && atomic_load(&dispatch->watching) < DISPATCH_WATCHING &&
           dispatch->moved >= dispatch->calm;
}

/* Gives the mutex up meanwhile. */
static unsigned watch(struct dispatch *dispatch)
{
    struct epoll_event event;
    unsigned place = 0;
    atomic_fetch_add(&dispatch->watching, 1);
    (void)pthread_mutex_unlock(&dispatch->mutex);
    bool found = epoll_wait(dispatch->watch.events, &event, 1, -1) == 1;
    if (atomic_fetch_sub(&dispatch->watching, 1) == 1)
        dispatch->watch.last_left(dispatch->watch.context);
    if (found && event.data.u64 != DISPATCH_CALL)
        place = dispatch->watch.take(dispatch->watch.context, (unsigned)event.data.u64);
    (void)pthread_mutex_lock(&dispatch->mutex);
    return place;
}

/* A request, whoever had it before; 0: there was none, and there may be one now. */
static unsigned find_work(struct dispatch *dispatch, struct dispatch_worker *worker)
{
    if (atomic_load(&dispatch->waits) > 0)
        return pop(dispatch, dispatch->again.count > 0 ? &dispatch->again : &dispatch->queue);
    if (may_watch(dispatch))
        return watch(dispatch);
    rest(dispatch, worker);
    return 0;
}

unsigned dispatch_take(struct dispatch *dispatch, struct dispatch_worker *worker)
{
    struct dispatch_worker *called = NULL;
    unsigned place = 0;
    (void)pthread_mutex_lock(&dispatch->mutex);
    if (!worker->there)
        atomic_fetch_add(&dispatch->there, 1);
    worker->there = true;
    set_busy(dispatch, worker, false);
    while (place == 0 && !dispatch->closed)
        place = find_work(dispatch, worker);
    if (place != 0) {
        dispatch->moved = clock_monotonic_us();
        set_busy(dispatch, worker, true);
        called = call_one(dispatch);
    }
    if (dispatch->closed)
        call_watching(dispatch); /* one after the other */
    (void)pthread_mutex_unlock(&dispatch->mutex);
    wake(called);
    return place;
}

void dispatch_call(struct dispatch *dispatch)
{
    (void)pthread_mutex_lock(&dispatch->mutex);
    struct dispatch_worker *called = call_one(dispatch);
    if (dispatch->closed)
        call_watching(dispatch);
    (void)pthread_mutex_unlock(&dispatch->mutex);
    wake(called);
}

void dispatch_linger(struct dispatch *dispatch, struct dispatch_worker *worker, bool lingers)
{
    set_busy(dispatch, worker, !lingers);
}

unsigned dispatch_take_back(struct dispatch *dispatch, int64_t before_us, int64_t long_before_us)
{
    unsigned place = 0;
    (void)pthread_mutex_lock(&dispatch->mutex);
    if (dispatch->queue.count > 0 && dispatch_is_full(dispatch)) {
        int64_t since = dispatch->queue.places[dispatch->queue.first].since;
        if (since <= long_before_us || (since <= before_us && dispatch->moved <= before_us))
            place = pop(dispatch, &dispatch->queue);
    }
    (void)pthread_mutex_unlock(&dispatch->mutex);
    return place;
}

void dispatch_close(struct dispatch *dispatch)
{
    (void)pthread_mutex_lock(&dispatch->mutex);
    dispatch->closed = true;
    for (struct dispatch_worker *worker = dispatch->idle; worker != NULL; worker = worker->next)
        (void)pthread_cond_signal(&worker->turn);
    call_watching(dispatch);
    (void)pthread_mutex_unlock(&dispatch->mutex);
}

/* ---- questions ---- */

bool dispatch_is_watched(const struct dispatch *dispatch)
{
    return atomic_load(&dispatch->watching) > 0;
}

/* Those whose worker lingers are served before all others as long as that worker gets the processor: with
 * 256 clients that wait for each answer, one in a hundred waited for five times as long as most. */
static bool is_crowded(const struct dispatch *dispatch)
{
    int64_t quiet = atomic_load(&dispatch->quiet);
    return quiet != 0 && clock_monotonic_us() < quiet;
}

bool dispatch_may_linger(const struct dispatch *dispatch)
{
    size_t idle = atomic_load(&dispatch->resting) + atomic_load(&dispatch->watching);
    return atomic_load(&dispatch->waits) == 0 && idle * 2 >= dispatch->workers && !is_crowded(dispatch);
}

size_t dispatch_waiting(const struct dispatch *dispatch)
{
    return atomic_load(&dispatch->waits);
}

bool dispatch_is_full(const struct dispatch *dispatch)
{
    return atomic_load(&dispatch->busy) >= dispatch->workers;
}

bool dispatch_is_complete(const struct dispatch *dispatch)
{
    return atomic_load(&dispatch->there) >= dispatch->workers;
}
