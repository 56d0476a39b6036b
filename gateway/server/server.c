/* One file, longer than others, because CivetWeb's header is met in one alone: a worker's requests,
 * CivetWeb's callbacks, and the order of start and end hang on what it does and does not do. */
#include "gateway/server/server.h"

#include "base/arena.h"
#include "base/time/deadline.h"
#include "gateway/connection/connection.h"
#include "gateway/server/dispatch.h"
#include "gateway/server/interpose.h"
#include "gateway/listener/listeners.h"
#include "gateway/server/parking.h"
#include "gateway/server/waiters.h"

#include <civetweb.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    SERVER_END_MS = 10, /* between two looks of the acceptor's thread, at the end */
    SERVER_ARENA =
        32 * 1024 * 1024, /* of one exchange beside its reply: the largest document twice; an ordinary
                                        one takes 8 KiB */
    SERVER_REPLY_KEPT = 16 * 1024, /* of a reply's memory: a thousand workers would keep a GiB of lists */
};

/* What CivetWeb gets to read, and all that it ever reads: it carries a request from its one callback to the
 * other, and nothing that CivetWeb makes of it is believed. */
static const char stand_in[] = "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n";

/* The descriptor of the connections that CivetWeb gets: one that no process ever has, so that whatever
 * CivetWeb does with it comes to nothing. */
enum { NO_DESCRIPTOR = INT_MAX };

/* What a worker keeps from one request to the next. */
struct worker {
    struct server *front;
    struct dispatch_worker seat;
    struct connection connection;
    struct waiter *waiter; /* whose request goes on; NULL: it has just come */
    struct arena *arena;
    struct buf reply;
    struct interpose interpose;
    bool open;  /* `connection` is */
    bool asked; /* a request is there and not answered yet */
    bool over;  /* CivetWeb has failed: its connection must end */
};

struct server {
    struct mg_context *context;
    struct handler handler;
    struct listeners listeners;
    int civet_fd; /* what CivetWeb believes to be its listener, or -1 */
    struct connections *guard;
    struct dispatch *dispatch;
    struct waiters *waiters;
    struct parking *parking;
    struct interpose interpose; /* of CivetWeb's thread that accepts */
    struct worker *workers;
    size_t worker_count;
    size_t seats;          /* of the workers that were made */
    sem_t vacant;          /* workers that have no connection of CivetWeb's */
    bool has_vacant;       /* the semaphore is there */
    bool short_of_threads; /* CivetWeb could not start all */
    atomic_bool closing;
    atomic_bool hurrying;  /* no request may wait any more */
    atomic_size_t started; /* workers, ever */
    atomic_bool accepting; /* the acceptor's thread is there */
    atomic_size_t threads; /* CivetWeb's that run now */
};

/* ---- threads ---- */

static void *on_thread_start(const struct mg_context *context, int type)
{
    struct server *front = mg_get_user_data(context);
    atomic_fetch_add(&front->threads, 1);
    if (type == 0) {
        interpose_thread(&front->interpose);
        atomic_store(&front->accepting, true);
    }
    if (type != 1) /* 1: a worker */
        return NULL;
    return &front->workers[atomic_fetch_add(&front->started, 1)];
}

static void on_thread_end(const struct mg_context *context, int type, void *worker)
{
    struct server *front = mg_get_user_data(context);
    (void)type;
    (void)worker;
    atomic_fetch_sub(&front->threads, 1); /* the last that this thread does with us: see server_close() */
}

/* ---- what CivetWeb takes for connections ---- */

/* One for each worker, for good: what it reads as that connection's requests it takes from the dispatcher. */
static bool poll_instead(void *context, int millis)
{
    struct server *front = context;
    const struct timespec until = deadline_in(atomic_load(&front->closing) ? SERVER_END_MS : millis);
    return sem_clockwait(&front->vacant, CLOCK_MONOTONIC, &until) == 0 && !atomic_load(&front->closing);
}

static int accept_instead(void *context, struct sockaddr_in *peer)
{
    (void)context;
    peer->sin_family = AF_INET;
    return NO_DESCRIPTOR;
}

/* CivetWeb is to listen on a free port of loopback.  It never does: the sockets are ours (listeners.h). */
static int listen_instead(void *context, int fd)
{
    struct server *front = context;
    front->civet_fd = fd;
    return 0;
}

/* ---- requests ---- */

static void leave(struct worker *worker, bool unread)
{
    connection_end(&worker->connection, unread);
    worker->open = false;
}

/* Others wait for a worker: it is their turn before this one's. */
static void queue_again(struct worker *worker)
{
    connections_wait(worker->front->guard, worker->connection.place, CONNECTIONS_FOR_WORKER);
    dispatch_put(worker->front->dispatch, worker->connection.place);
}

/* The connection stays with its worker while its next request is there, and nobody else waits. */
static bool has_next(struct worker *worker)
{
    struct dispatch *dispatch = worker->front->dispatch;
    bool lingers =
        dispatch_may_linger(dispatch) && connections_is_quick(worker->front->guard, worker->connection.place);
    if (lingers)
        dispatch_linger(dispatch, &worker->seat, true);
    enum connection_state state = connection_next(&worker->connection, lingers);
    if (lingers && state == CONNECTION_ASKS)
        dispatch_linger(dispatch, &worker->seat, false);
    if (state == CONNECTION_ASKS && dispatch_waiting(dispatch) == 0)
        return true;
    worker->open = false;
    if (state == CONNECTION_WAITS)
        connection_park(&worker->connection);
    else if (state == CONNECTION_ENDED)
        connection_end(&worker->connection, false);
    else
        queue_again(worker);
    return false;
}

static void take_up(struct worker *worker, struct waiter *waiter)
{
    worker->waiter = waiter;
    worker->connection = waiter->connection;
    worker->open = true;
    connections_wait(worker->front->guard, worker->connection.place, CONNECTIONS_FOR_US);
}

/* The next connection that has a request; one without memory is none. */
static bool take(struct worker *worker)
{
    struct server *front = worker->front;
    while (!worker->open) {
        unsigned place = dispatch_take(front->dispatch, &worker->seat);
        if (place == 0)
            return false;
        struct waiter *waiter = waiters_take(front->waiters, place);
        if (waiter != NULL) {
            take_up(worker, waiter);
            return true;
        }
        worker->open = connection_open(&worker->connection, front->guard, place);
        if (!worker->open)
            connections_leave(front->guard, place);
    }
    return true;
}

/* The head of the next request was read by us, judged, and kept; CivetWeb gets its stand-in.  0 ends its
 * connection, and no client's. */
static ssize_t recv_instead(void *context, void *bytes, size_t size)
{
    struct worker *worker = context;
    if (worker->asked || worker->over || size < sizeof stand_in - 1)
        return 0;
    interpose_thread(NULL); /* what is looked at now are clients' sockets */
    bool found = (worker->open && has_next(worker)) || take(worker);
    interpose_thread(&worker->interpose);
    if (!found)
        return 0;
    if (worker->waiter == NULL)
        connection_begin(&worker->connection);
    worker->asked = true;
    memcpy(bytes, stand_in, sizeof stand_in - 1);
    return sizeof stand_in - 1;
}

/* ---- requests that wait ---- */

/* The worker's arena becomes the waiter's, and the worker has another one.  False: there is no memory. */
static bool make_waiter(struct worker *worker)
{
    struct arena *other = arena_new(worker->front->handler.reply_max + SERVER_ARENA);
    worker->waiter = calloc(1, sizeof *worker->waiter);
    if (other == NULL || worker->waiter == NULL) {
        arena_free(other);
        free(worker->waiter);
        worker->waiter = NULL;
        return false;
    }
    worker->waiter->arena = worker->arena;
    worker->arena = other;
    return true;
}

/* From here on another worker may have it.  False: it cannot wait, and goes on here. */
static bool lay_aside(struct worker *worker, void *state, int64_t again_us)
{
    struct server *front = worker->front;
    if (atomic_load(&front->hurrying) || (worker->waiter == NULL && !make_waiter(worker)))
        return false;
    struct waiter *waiter = worker->waiter;
    waiter->connection = worker->connection;
    waiter->state = state;
    if (!waiters_put(front->waiters, waiter, again_us))
        return false;
    worker->waiter = NULL;
    worker->open = false;
    return true;
}

/* ---- answers ---- */

static void finish(struct worker *worker, const struct visit *visit)
{
    if (visit->close || !worker->connection.whole)
        leave(worker, true);
    waiters_drop(worker->waiter);
    worker->waiter = NULL;
    arena_reset(worker->arena);
}

/* The one way in which a request is answered, or waits: its status. */
static int serve(struct worker *worker)
{
    struct server *front = worker->front;
    const struct waiter *waiter = worker->waiter;
    const struct connection *connection = &worker->connection;
    const struct peer peer = connection_peer(&worker->connection);
    bool called = waiter != NULL;
    struct visit visit = {
        .head = connection->head,
        .peer = &peer,
        .source = connections_source(front->guard, connection->place),
        .certificate = connection->tls == NULL ? NULL : tls_certificate(connection->tls),
        .arena = called ? waiter->arena : worker->arena,
        .state = called ? waiter->state : NULL,
        .reply = &worker->reply,
        .ends =
            connections_is_crowded(front->guard) || connections_has_ended(front->guard, connection->place),
        .last = atomic_load(&front->hurrying),
        .status = 503,
        .close = true,
    };
    worker->asked = false;
    front->handler.serve(front->handler.context, &visit);
    if (visit.again_us != 0 && !lay_aside(worker, visit.state, visit.again_us)) {
        visit.last = true;
        visit.again_us = 0;
        front->handler.serve(front->handler.context, &visit);
    }
    if (visit.again_us == 0)
        finish(worker, &visit);
    buf_rest(&worker->reply, SERVER_REPLY_KEPT);
    if (called)
        waiters_end(front->waiters);
    return visit.status;
}

/* CivetWeb has failed (its memory is out, say), or has read by itself: nothing may be taken for the answer to
 * this request, and nothing that follows may be read. */
static void fail(struct worker *worker)
{
    interpose_thread(NULL);
    if (worker->asked && worker->waiter != NULL)
        (void)serve(worker); /* nothing that CivetWeb does concerns it */
    if (worker->asked) {
        (void)request_head_refuse(worker->connection.head, PROBLEM_INTERNAL,
                                  "the gateway is out of memory, or its library failed");
        (void)serve(worker);
    }
    if (worker->open)
        leave(worker, true);
    worker->over = true;
}

/* ---- CivetWeb's callbacks ---- */

static int on_connect(const struct mg_connection *civet, void **data)
{
    struct worker *worker = mg_get_thread_pointer(civet);
    *data = NULL;
    worker->open = worker->asked = worker->over = false;
    interpose_thread(&worker->interpose);
    return 0;
}

static int on_request(struct mg_connection *civet)
{
    struct worker *worker = mg_get_thread_pointer(civet);
    int status = 500;
    interpose_thread(NULL); /* an upstream's socket is read by the same thread */
    if (worker->asked)
        status = serve(worker);
    else
        fail(worker);
    if (worker->over)
        mg_disable_connection_keep_alive(civet);
    interpose_thread(&worker->interpose);
    return status;
}

static void on_request_end(const struct mg_connection *civet, int status)
{
    struct worker *worker = mg_get_thread_pointer(civet);
    (void)status;
    if (worker->asked)
        fail(worker);
}

static int on_error(struct mg_connection *civet, int status, const char *message)
{
    (void)status;
    (void)message;
    mg_disable_connection_keep_alive(civet);
    fail(mg_get_thread_pointer(civet));
    return 0;
}

static void on_close(const struct mg_connection *civet)
{
    struct worker *worker = mg_get_thread_pointer(civet);
    fail(worker); /* where it is in order there is nothing to fail */
    if (!atomic_load(&worker->front->closing))
        (void)sem_post(&worker->front->vacant);
}

static int on_message(const struct mg_connection *connection, const char *message)
{
    struct server *front = mg_get_user_data(mg_get_context(connection));
    if (strstr(message, "start worker thread") != NULL) /* while mg_start2() runs, in its thread */
        front->short_of_threads = true;
    return 1; /* said by us, or not worth saying */
}

/* ---- listening ---- */

static int start(struct server *front, struct err *err)
{
    char workers[24];
    char queue[24];
    char reason[256] = "";
    (void)snprintf(workers, sizeof workers, "%zu", front->worker_count);
    (void)snprintf(queue, sizeof queue, "%zu", front->worker_count + 1); /* it is never full */
    const char *options[] = {"listening_ports", "127.0.0.1:0", "num_threads", workers, "enable_keep_alive",
                             "yes", "tcp_nodelay", "1", "max_request_size", "1024", "connection_queue", queue,
                             "listen_backlog", "1024", "decode_url", "no", "decode_query_string", "no",
                             /* everything that could serve a file, a script or another origin is off */
                             "enable_directory_listing", "no", "cgi_pattern", "", "ssi_pattern", "",
                             "access_control_allow_origin", "", "access_control_allow_methods", "",
                             "access_control_allow_headers", "", "enable_auth_domain_check", "no",
                             "allow_sendfile_call", "no", NULL};
    const struct mg_callbacks callbacks = {.begin_request = on_request,
                                           .end_request = on_request_end,
                                           .http_error = on_error,
                                           .log_message = on_message,
                                           .init_connection = on_connect,
                                           .connection_close = on_close,
                                           .init_thread = on_thread_start,
                                           .exit_thread = on_thread_end};
    struct mg_init_data init = {
        .callbacks = &callbacks, .user_data = front, .configuration_options = options};
    struct mg_error_data error = {.text = reason, .text_buffer_size = sizeof reason};
    const struct interpose starting = {.listen = listen_instead, .context = front};
    interpose_thread(&starting);
    front->context = mg_start2(&init, &error);
    interpose_thread(NULL);
    if (front->context == NULL)
        return err_set(err, ERR_SYSTEM, "the HTTP library does not start: %s",
                       reason[0] == '\0' ? "it does not say why" : reason);
    if (front->short_of_threads)
        return err_set(
            err, ERR_LIMIT,
            "not all of %zu threads can be started: a limit on processes is in the way (ulimit -u, the "
            "pids limit of a container, TasksMax of a unit), or memory is out; raise it, or say fewer "
            "workers",
            front->worker_count);
    if (front->civet_fd < 0 || dup3(front->listeners.idle, front->civet_fd, O_CLOEXEC) < 0)
        return err_set(err, ERR_SYSTEM, "the HTTP library's listener cannot be replaced by ours");
    return 0;
}

static int make_workers(struct server *front, struct err *err)
{
    front->workers = calloc(front->worker_count, sizeof *front->workers);
    if (front->workers == NULL || sem_init(&front->vacant, 0, (unsigned)front->worker_count) != 0)
        return err_memory(err);
    front->has_vacant = true;
    for (size_t i = 0; i < front->worker_count; i++) {
        struct worker *worker = &front->workers[i];
        worker->front = front;
        worker->interpose = (struct interpose){.recv = recv_instead, .context = worker};
        buf_init(&worker->reply, front->handler.reply_max);
        worker->arena = arena_new(front->handler.reply_max + SERVER_ARENA);
        if (worker->arena == NULL || dispatch_worker_init(&worker->seat) != 0)
            return err_memory(err);
        front->seats++;
    }
    return 0;
}

/* Everything that CivetWeb's threads meet is there before they are. */
static int open_all(struct server *front, const struct server_options *options, struct err *err)
{
    if (listeners_open(&front->listeners, options->listen, options->tls, err) != 0 ||
        make_workers(front, err) != 0)
        return -1;
    front->guard = connections_new(&options->limits, err);
    front->dispatch = dispatch_new(front->worker_count, options->limits.places, err);
    front->waiters = waiters_new(options->limits.places, front->worker_count, err);
    if (front->guard == NULL || front->dispatch == NULL || front->waiters == NULL || start(front, err) != 0)
        return -1;
    front->parking = parking_start(front->guard, front->dispatch, front->waiters, &front->listeners, err);
    return front->parking == NULL ? -1 : 0;
}

struct server *server_open(const struct handler *handler, const struct server_options *options,
                           struct err *err)
{
    struct server *front = calloc(1, sizeof *front);
    if (front == NULL) {
        tls_set_release(options->tls);
        err_memory(err);
        return NULL;
    }
    front->handler = *handler;
    front->worker_count = options->limits.workers;
    front->civet_fd = -1;
    front->interpose = (struct interpose){.poll = poll_instead, .accept = accept_instead, .context = front};
    if (open_all(front, options, err) == 0)
        return front;
    server_close(front);
    return NULL;
}

bool server_is_ready(const struct server *front)
{
    return atomic_load(&front->accepting) && dispatch_is_complete(front->dispatch);
}

void server_put_addresses(const struct server *front, struct buf *text)
{
    for (size_t i = 0; i < front->listeners.count; i++)
        buf_put_format(text, "%s%s", i == 0 ? "" : " and ", front->listeners.items[i].text);
}

void server_use_tls(struct server *front, struct tls_set *tls)
{
    listeners_use(&front->listeners, tls);
}

struct tls_set *server_tls(struct server *front)
{
    return listeners_tls(&front->listeners);
}

void server_count(struct server *front, struct connections_counts *counts)
{
    connections_count(front->guard, counts);
}

void server_end_waits(struct server *front)
{
    atomic_store(&front->hurrying, true);
    waiters_hurry(front->waiters);
    parking_wake(front->parking);
}

void server_stop_listening(struct server *front)
{
    listeners_stop(&front->listeners);
    connections_drain(front->guard);
    parking_wake(front->parking);
}

/* Who still waits is answered here, now that there are no workers. */
static void answer_waiters(struct server *front)
{
    for (struct waiter *waiter; (waiter = waiters_take_any(front->waiters)) != NULL;) {
        struct worker *worker = &front->workers[0];
        take_up(worker, waiter);
        (void)serve(worker);
        if (worker->open)
            leave(worker, false);
    }
}

static void stop(struct server *front)
{
    listeners_stop(&front->listeners);
    atomic_store(&front->hurrying, true);
    connections_close(front->guard);
    if (front->parking != NULL)
        parking_wake(front->parking);
    atomic_store(&front->closing, true);
    dispatch_close(front->dispatch);
    (void)sem_post(&front->vacant); /* ends the acceptor's wait; from here on its waits are short */
    mg_stop(front->context);
    /* mg_stop() has joined every thread.  This load of what each wrote last says so to the thread sanitizer
     * too, which sees no join within the library: what they shared may be freed from here on. */
    (void)atomic_load(&front->threads);
    answer_waiters(front);
}

static void release(struct server *front)
{
    parking_end(front->parking);
    connections_free(front->guard);
    dispatch_free(front->dispatch);
    waiters_free(front->waiters);
    listeners_done(&front->listeners);
    for (size_t i = 0; front->workers != NULL && i < front->worker_count; i++) {
        arena_free(front->workers[i].arena);
        buf_done(&front->workers[i].reply);
    }
    for (size_t i = 0; i < front->seats; i++)
        dispatch_worker_done(&front->workers[i].seat);
    if (front->has_vacant)
        (void)sem_destroy(&front->vacant);
    free(front->workers);
    free(front);
}

void server_close(struct server *front)
{
    if (front == NULL)
        return;
    if (front->context != NULL)
        stop(front);
    if (front->context != NULL && !atomic_load(&front->accepting))
        return; /* the acceptor's thread could not be made: nobody can end the others but the process */
    release(front);
}
