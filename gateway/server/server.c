#include "gateway/server/server.h"

#include "base/arena.h"
#include "gateway/server/connection.h"
#include "gateway/server/interpose.h"
#include "gateway/server/listener.h"

#include <arpa/inet.h>
#include <civetweb.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    SERVER_ARENA = 8 * 1024 * 1024, /* of one exchange beside its reply; an ordinary one takes 8 KiB */
    SERVER_REPLY_KEPT = 16 * 1024,  /* of a reply's memory: a thousand workers would keep a GiB of lists */
};

/* What CivetWeb gets to read, and all that it ever reads: it carries a request from its one callback to the
 * other, and nothing that CivetWeb makes of it is believed. */
static const char stand_in[] = "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n";

/* What a worker keeps from one request to the next. */
struct worker {
    struct server *front;
    const struct mg_connection *civet; /* CivetWeb's, while one is open */
    struct connection connection;
    struct request_head head;
    struct arena *arena;
    struct buf reply;
    struct interpose interpose;
    bool open;   /* `connection` is */
    bool asked;  /* a request is there and not answered yet */
    bool unread; /* the client may still send what nobody will read */
    bool over;   /* nothing that still comes on this connection is answered */
};

struct server {
    struct mg_context *context;
    struct handler handler;
    struct listeners listeners;
    int civet_fd; /* what CivetWeb believes to be its listener, or -1 */
    struct connections *guard;
    struct interpose interpose; /* of the thread that accepts */
    struct worker *workers;
    size_t worker_count;
    bool short_of_threads; /* CivetWeb could not start all */
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
        (void)dup3(front->listeners.ready, front->civet_fd, O_CLOEXEC); /* it has not polled yet */
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

/* ---- connections ---- */

/* CivetWeb is to listen on a free port of loopback.  It never does: our sockets take that one's place, before
 * it looks at it. */
static int listen_instead(void *context, int fd)
{
    struct server *front = context;
    front->civet_fd = fd;
    return 0;
}

/* The port that CivetWeb is told is the connection's place with the guard; the address is no one's. */
static int accept_instead(void *context, int fd, struct sockaddr_in *told)
{
    struct server *front = context;
    struct network peer;
    size_t listener = 0;
    int accepted = -1;
    (void)fd;
    enum listener_result result = listeners_accept(&front->listeners, &accepted, &peer, &listener);
    if (result == LISTENER_EXHAUSTED)
        connections_make_room(front->guard);
    if (result != LISTENER_GOOD)
        return -1;
    unsigned place = connections_admit(front->guard, accepted, &peer);
    if (place == 0) {
        (void)close(accepted);
        errno = ECONNABORTED;
        return -1;
    }
    *told = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)place)};
    return accepted;
}

static unsigned place_of(const struct mg_connection *connection)
{
    return (unsigned)mg_get_request_info(connection)->remote_port;
}

/* The head of the next request is read here, judged, and kept; CivetWeb gets its stand-in.  0 ends the
 * connection. */
static ssize_t recv_instead(void *context, void *bytes, size_t size)
{
    struct worker *worker = context;
    struct connections *guard = worker->front->guard;
    if (worker->asked || worker->over || size < sizeof stand_in - 1)
        return 0;
    if (!worker->open && !connection_open(&worker->connection, guard, place_of(worker->civet), &worker->head))
        return 0;
    worker->open = true;
    if (!connection_next(&worker->connection))
        return 0;
    worker->asked = true;
    memcpy(bytes, stand_in, sizeof stand_in - 1);
    return sizeof stand_in - 1;
}

/* ---- requests ---- */

/* The one way in which a request is answered.  Its status; the connection ends where `over` is set. */
static int serve(struct worker *worker)
{
    struct server *front = worker->front;
    const struct connection *connection = &worker->connection;
    const struct door door = connection_door(&worker->connection);
    struct visit visit = {
        .head = &worker->head,
        .door = &door,
        .source = connection->source,
        .arena = worker->arena,
        .reply = &worker->reply,
        .ends =
            connections_is_crowded(front->guard) || connections_has_ended(front->guard, connection->place),
        .status = 503,
        .close = true,
    };
    worker->asked = false;
    if (connections_begin(front->guard, connection->place))
        front->handler.serve(front->handler.context, &visit);
    worker->over = visit.close || !connection->whole;
    worker->unread = worker->over;
    buf_rest(&worker->reply, SERVER_REPLY_KEPT);
    arena_reset(worker->arena);
    return visit.status;
}

/* CivetWeb has failed (its memory is out, say), or has read by itself: nothing may be taken for the answer to
 * this request, and nothing that follows may be read. */
static void fail(struct worker *worker, const struct mg_connection *civet)
{
    interpose_thread(NULL);
    if (worker->asked) {
        (void)request_head_refuse(&worker->head, PROBLEM_INTERNAL,
                                  "the gateway is out of memory, or its library failed");
        (void)serve(worker);
    } else if (!worker->over && connections_begin(worker->front->guard, place_of(civet))) {
        connections_refuse(worker->front->guard, place_of(civet), PROBLEM_INTERNAL,
                           "the gateway's HTTP library failed");
    }
    worker->over = true;
    worker->unread = true;
}

/* ---- CivetWeb's callbacks ---- */

static int on_connect(const struct mg_connection *civet, void **data)
{
    struct worker *worker = mg_get_thread_pointer(civet);
    *data = NULL;
    worker->civet = civet;
    worker->open = worker->asked = worker->unread = worker->over = false;
    connections_enter(worker->front->guard); /* which connection it is cannot be asked here yet */
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
        fail(worker, civet);
    if (worker->over)
        mg_disable_connection_keep_alive(civet);
    else
        connection_rest(&worker->connection);
    interpose_thread(&worker->interpose);
    return status;
}

static void on_request_end(const struct mg_connection *civet, int status)
{
    struct worker *worker = mg_get_thread_pointer(civet);
    (void)status;
    if (worker->asked)
        fail(worker, civet);
}

static int on_error(struct mg_connection *civet, int status, const char *message)
{
    struct worker *worker = mg_get_thread_pointer(civet);
    (void)status;
    (void)message;
    mg_disable_connection_keep_alive(civet);
    fail(worker, civet);
    return 0;
}

static void on_close(const struct mg_connection *civet)
{
    struct worker *worker = mg_get_thread_pointer(civet);
    struct connections *guard = worker->front->guard;
    unsigned place = place_of(civet);
    if (worker->asked)
        fail(worker, civet);
    interpose_thread(NULL);
    if (worker->unread && !connections_is_crowded(guard))
        connections_linger(guard, place);
    connections_leave(guard, place);
}

static int on_message(const struct mg_connection *connection, const char *message)
{
    struct server *front = mg_get_user_data(mg_get_context(connection));
    if (strstr(message, "start worker thread") != NULL) /* while mg_start2() runs, in its thread */
        front->short_of_threads = true;
    return 1; /* said by us, or not worth saying */
}

/* ---- listening ---- */

static int start(struct server *front, size_t places, struct err *err)
{
    char workers[24];
    char queue[24];
    char reason[256] = "";
    (void)snprintf(workers, sizeof workers, "%zu", front->worker_count);
    (void)snprintf(queue, sizeof queue, "%zu", places + 1); /* it is never full */
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
    if (front->civet_fd < 0)
        return err_set(err, ERR_SYSTEM, "the HTTP library's listener cannot be replaced by ours");
    return 0;
}

static int make_workers(struct server *front, struct err *err)
{
    front->workers = calloc(front->worker_count, sizeof *front->workers);
    if (front->workers == NULL)
        return err_memory(err);
    for (size_t i = 0; i < front->worker_count; i++) {
        struct worker *worker = &front->workers[i];
        worker->front = front;
        worker->interpose = (struct interpose){.recv = recv_instead, .context = worker};
        buf_init(&worker->reply, front->handler.reply_max);
        worker->arena = arena_new(front->handler.reply_max + SERVER_ARENA);
        if (worker->arena == NULL)
            return err_memory(err);
    }
    return 0;
}

struct server *server_open(const struct handler *handler, const struct server_options *options,
                           struct err *err)
{
    struct server *front = calloc(1, sizeof *front);
    if (front == NULL) {
        err_memory(err);
        return NULL;
    }
    front->handler = *handler;
    front->worker_count = options->limits.workers;
    front->civet_fd = -1;
    front->interpose = (struct interpose){.accept = accept_instead, .context = front};
    if (listeners_open(&front->listeners, options->listen, err) == 0 && make_workers(front, err) == 0 &&
        (front->guard = connections_new(&options->limits, err)) != NULL &&
        start(front, options->limits.places, err) == 0)
        return front;
    server_close(front);
    return NULL;
}

bool server_is_ready(const struct server *front)
{
    return atomic_load(&front->accepting) && atomic_load(&front->started) >= front->worker_count;
}

void server_put_addresses(const struct server *front, struct buf *text)
{
    for (size_t i = 0; i < front->listeners.count; i++)
        buf_put_format(text, "%s%s", i == 0 ? "" : " and ", front->listeners.items[i].text);
}

void server_count(struct server *front, struct connections_counts *counts)
{
    connections_count(front->guard, counts);
}

void server_stop_listening(struct server *front)
{
    listeners_stop(&front->listeners);
    connections_drain(front->guard);
}

static void stop(struct server *front)
{
    listeners_stop(&front->listeners);
    listeners_wake(&front->listeners);
    connections_close(front->guard);
    mg_stop(front->context);
    /* mg_stop() has joined every thread.  This load of what each wrote last says so to the thread sanitizer
     * too, which sees no join within the library: what they shared may be freed from here on. */
    (void)atomic_load(&front->threads);
}

void server_close(struct server *front)
{
    if (front == NULL)
        return;
    if (front->context != NULL)
        stop(front);
    if (front->context != NULL && !atomic_load(&front->accepting))
        return; /* the acceptor's thread could not be made: nobody can end the others but the process */
    connections_free(front->guard);
    listeners_done(&front->listeners);
    for (size_t i = 0; front->workers != NULL && i < front->worker_count; i++) {
        arena_free(front->workers[i].arena);
        buf_done(&front->workers[i].reply);
    }
    free(front->workers);
    free(front);
}
