#include "gateway/server/front.h"

#include "base/arena.h"
#include "gateway/exchange/exchange.h"
#include "gateway/request/flow.h"
#include "gateway/server/desk.h"
#include "gateway/server/listener.h"
#include "gateway/server/probe.h"

#include <arpa/inet.h>
#include <civetweb.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    FRONT_ARENA = 4 * 1024 * 1024, /* one exchange: body, its values, a 1 MiB answer, with room         */
    FRONT_REPLY_KEPT = 16 * 1024,  /* of a reply's memory: a thousand workers would keep a GiB of lists */
};

/* What a worker keeps from one request to the next. */
struct worker {
    struct arena *arena;
    struct buf reply;
    bool answered; /* the connection's last request */
    bool unread;   /* the client may still send what nobody will read */
    bool busy;     /* with a request: what the thread receives is no header */
    struct framing_watch watch;
    bool over; /* nothing that still comes on this connection is walked */
};

struct front {
    struct mg_context *context;
    struct gateway *gateway; /* NULL: the admin listener */
    front_admin_handler *handler;
    void *handler_context;
    struct listener listener;
    struct guard *guard;
    struct worker *workers;
    size_t worker_count;
    bool keep_alive;
    atomic_bool scattered; /* see framing.h */
    atomic_size_t started; /* workers, ever */
    atomic_bool accepting; /* the acceptor's thread is there */
    atomic_size_t threads; /* CivetWeb's that run now */
};

/* The door of the thread that calls accept(): CivetWeb's master, which tells us nothing else about itself. */
static _Thread_local struct front *accepts_for;

/* The worker that this thread is. */
static _Thread_local struct worker *receives_for;

/* ---- threads ---- */

static void *on_thread_start(const struct mg_context *context, int type)
{
    struct front *front = mg_get_user_data(context);
    atomic_fetch_add(&front->threads, 1);
    if (type == 0) {
        accepts_for = front;
        atomic_store(&front->accepting, true);
    }
    if (type != 1) /* 1: a worker */
        return NULL;
    receives_for = &front->workers[atomic_fetch_add(&front->started, 1)];
    return receives_for;
}

static void on_thread_end(const struct mg_context *context, int type, void *worker)
{
    struct front *front = mg_get_user_data(context);
    (void)type;
    (void)worker;
    atomic_fetch_sub(&front->threads, 1); /* the last that this thread does with us: see front_close() */
}

/* ---- connections ---- */

/* CivetWeb's own call of accept(2): the program's functions come before the C library's.  The port that it is
 * told is the connection's place with the guard; the address is the caller's. */
int accept(int fd, struct sockaddr *address, socklen_t *length);

int accept(int fd, struct sockaddr *address, socklen_t *length)
{
    int accepted = -1;
    struct sockaddr_in peer = {0};
    struct front *front = accepts_for;
    if (front == NULL || address == NULL || *length < sizeof peer)
        return accept4(fd, address, length, 0);
    enum listener_result result = listener_accept(fd, &accepted, &peer);
    if (result == LISTENER_EXHAUSTED)
        guard_make_room(front->guard);
    if (result != LISTENER_GOOD)
        return -1;
    unsigned place = guard_admit(front->guard, accepted, peer.sin_addr);
    if (place == 0) {
        (void)close(accepted);
        errno = ECONNABORTED;
        return -1;
    }
    peer.sin_port = htons((uint16_t)place);
    memcpy(address, &peer, sizeof peer);
    *length = sizeof peer;
    return accepted;
}

/* CivetWeb's own call of recv(2), as above. */
ssize_t recv(int fd, void *bytes, size_t size, int flags);

ssize_t recv(int fd, void *bytes, size_t size, int flags)
{
    ssize_t got = recvfrom(fd, bytes, size, flags, NULL, NULL);
    if (receives_for != NULL && !receives_for->busy && got > 0)
        framing_watch(&receives_for->watch, bytes, (size_t)got);
    return got;
}

static struct front *front_of(const struct mg_connection *connection)
{
    return mg_get_user_data(mg_get_context(connection));
}

static unsigned place_of(const struct mg_connection *connection)
{
    return (unsigned)mg_get_request_info(connection)->remote_port;
}

/* One request on its way through the door. */
struct visit {
    struct front *front;
    struct mg_connection *connection;
    unsigned place;
    bool reading;
};

static size_t visit_read(void *context, char *bytes, size_t size)
{
    struct visit *visit = context;
    if (!visit->reading) { /* once: the deadline is for the whole body */
        guard_wait(visit->front->guard, visit->place, GUARD_FOR_BODY);
        visit->reading = true;
    }
    int got = mg_read(visit->connection, bytes, size);
    return got > 0 ? (size_t)got : 0;
}

static int visit_write(void *context, const char *bytes, size_t size)
{
    struct visit *visit = context;
    guard_wait(visit->front->guard, visit->place, GUARD_FOR_READER);
    bool written = size <= INT_MAX && mg_write(visit->connection, bytes, size) == (int)size;
    guard_wait(visit->front->guard, visit->place, GUARD_FOR_US);
    return written ? 0 : -1;
}

static bool visit_gone(void *context, int millis)
{
    struct visit *visit = context;
    return guard_sees_leave(visit->front->guard, visit->place, millis);
}

static size_t copy_fields(const struct mg_request_info *info, struct framing_field *fields)
{
    size_t count = info->num_headers < 0 ? 0 : (size_t)info->num_headers;
    for (size_t i = 0; i < count; i++)
        fields[i] = (struct framing_field){info->http_headers[i].name, info->http_headers[i].value};
    return count;
}

static struct framing framing_of(const struct mg_request_info *info, const struct front *front,
                                 const struct worker *worker, struct framing_field *fields)
{
    return (struct framing){.method = info->request_method,
                            .target = info->request_uri,
                            .query = info->query_string,
                            .version = info->http_version,
                            .fields = fields,
                            .field_count = copy_fields(info, fields),
                            .foul = worker->watch.foul,
                            .scattered = atomic_load(&front->scattered)};
}

static void walk(struct front *front, struct worker *worker, struct exchange *x)
{
    x->generation = gateway_take(front->gateway);
    x->config = x->generation->config;
    if (!network_parse_address(x->source, &x->address))
        memset(&x->address, 0, sizeof x->address); /* cannot happen; "::" is in nobody's network */
    atomic_fetch_add(&front->gateway->in_flight, 1);
    flow_walk(x);
    atomic_fetch_sub(&front->gateway->in_flight, 1);
    worker->unread = x->close;
    buf_rest(&worker->reply, FRONT_REPLY_KEPT);
    arena_reset(worker->arena);
    gateway_release(x->generation);
}

static int serve_exchange(struct visit *visit, struct worker *worker, const struct mg_request_info *info)
{
    struct front *front = visit->front;
    const struct door door = {visit, visit_read, visit_write, visit_gone};
    struct framing_field fields[MG_MAX_HEADERS];
    struct exchange x = {
        .gateway = front->gateway,
        .door = &door,
        .arena = worker->arena,
        .source = info->remote_addr,
        .reply = &worker->reply,
        .framing = framing_of(info, front, worker, fields),
        .ends = guard_is_crowded(front->guard) || guard_has_ended(front->guard, visit->place),
    };
    walk(front, worker, &x);
    if (x.close)
        mg_disable_connection_keep_alive(visit->connection);
    return x.status;
}

static int serve_admin(struct visit *visit, struct worker *worker, const struct mg_request_info *info)
{
    struct front *front = visit->front;
    struct framing_field fields[MG_MAX_HEADERS];
    const struct framing framing = framing_of(info, front, worker, fields);
    int status = desk_answer(front->handler, front->handler_context, &framing, &worker->reply);
    mg_disable_connection_keep_alive(visit->connection);
    worker->unread = true;
    if (!worker->reply.failed) /* the client may be gone */
        (void)visit_write(visit, buf_text(&worker->reply), worker->reply.length);
    buf_reset(&worker->reply);
    return status;
}

static size_t visit_read_nothing(void *context, char *bytes, size_t size)
{
    (void)context;
    (void)bytes;
    (void)size;
    return 0;
}

/* Past CivetWeb, which gives no writable connection everywhere; an idle socket takes a short answer at once.
 */
static int visit_write_now(void *context, const char *bytes, size_t size)
{
    struct visit *visit = context;
    return guard_send(visit->front->guard, visit->place, bytes, size);
}

/* What CivetWeb refuses by itself, or would close without a word. */
static void refuse(const struct mg_connection *connection, struct worker *worker, enum problem problem)
{
    struct front *front = front_of(connection);
    struct visit visit = {.front = front, .place = place_of(connection)};
    const struct door door = {&visit, visit_read_nothing, visit_write_now, visit_gone};
    struct exchange x = {
        .gateway = front->gateway,
        .door = &door,
        .arena = worker->arena,
        .source = mg_get_request_info(connection)->remote_addr,
        .reply = &worker->reply,
    };
    worker->answered = true;
    worker->unread = true;
    if (worker->over || !guard_begin(front->guard, visit.place))
        return;
    if (front->gateway == NULL) {
        guard_refuse(front->guard, visit.place, problem, "the request cannot be read as HTTP/1.1");
        return;
    }
    atomic_fetch_add(&front->gateway->in_flight, 1);
    flow_refuse(&x, problem);
    atomic_fetch_sub(&front->gateway->in_flight, 1);
    buf_reset(&worker->reply);
    arena_reset(worker->arena);
}

/* ---- CivetWeb's callbacks ---- */

static int on_connect(const struct mg_connection *connection, void **data)
{
    struct front *front = front_of(connection);
    struct worker *worker = mg_get_thread_pointer(connection);
    *data = NULL;
    worker->answered = false;
    worker->unread = false;
    worker->over = false;
    worker->busy = false;
    worker->watch = (struct framing_watch){0};
    guard_enter(front->guard); /* which connection it is cannot be asked here yet */
    return 0;
}

static int on_request(struct mg_connection *connection)
{
    struct worker *worker = mg_get_thread_pointer(connection);
    struct visit visit = {front_of(connection), connection, place_of(connection), false};
    const struct mg_request_info *info = mg_get_request_info(connection);
    int status = 503;
    worker->answered = true;
    if (worker->over || !guard_begin(visit.front->guard, visit.place)) {
        mg_disable_connection_keep_alive(connection);
        return status;
    }
    worker->busy = true;
    status = visit.front->gateway == NULL ? serve_admin(&visit, worker, info)
                                          : serve_exchange(&visit, worker, info);
    worker->busy = false;
    guard_wait(visit.front->guard, visit.place, GUARD_FOR_HEADER);
    return status;
}

/* Memory was out before we were asked: nothing may be taken for the answer to this request. */
static void on_request_end(const struct mg_connection *connection, int status)
{
    struct worker *worker = mg_get_thread_pointer(connection);
    (void)status;
    if (!worker->answered) {
        refuse(connection, worker, PROBLEM_INTERNAL);
        worker->over = true;
    }
    worker->answered = false;
}

/* CivetWeb refuses by itself what it cannot parse.  The connection ends after it. */
static int on_error(struct mg_connection *connection, int status, const char *message)
{
    struct worker *worker = mg_get_thread_pointer(connection);
    (void)message; /* may quote the request */
    mg_disable_connection_keep_alive(connection);
    refuse(connection, worker,
           guard_has_ended(front_of(connection)->guard, place_of(connection)) ? PROBLEM_REQUEST_TIMEOUT
           : status == 505                                                    ? PROBLEM_VERSION_NOT_SUPPORTED
           : status >= 500                                                    ? PROBLEM_INTERNAL
                                                                              : PROBLEM_MALFORMED_REQUEST);
    return 0;
}

/* CivetWeb closes on "*" and on an absolute target for another port without a word, and without asking. */
static void on_close(const struct mg_connection *connection)
{
    struct front *front = front_of(connection);
    struct worker *worker = mg_get_thread_pointer(connection);
    const struct mg_request_info *info = mg_get_request_info(connection);
    unsigned place = place_of(connection);
    if (info->request_method != NULL && info->local_uri == NULL && !worker->answered)
        refuse(connection, worker, PROBLEM_MALFORMED_REQUEST);
    if (worker->unread && !guard_is_crowded(front->guard))
        guard_linger(front->guard, place);
    guard_leave(front->guard, place);
}

static int on_message(const struct mg_connection *connection, const char *message)
{
    (void)connection;
    (void)message;
    return 1; /* said by us, or not worth saying */
}

/* ---- listening ---- */

static int start(struct front *front, const char *address, struct err *err)
{
    char workers[24];
    char queue[24];
    char header[24];
    char request_max[24];
    char reason[256] = "";
    (void)snprintf(workers, sizeof workers, "%zu", front->worker_count);
    (void)snprintf(queue, sizeof queue, "%zu", guard_places(front->worker_count) + 1); /* it is never full */
    (void)snprintf(header, sizeof header, "%d", GUARD_HEADER_MS);
    (void)snprintf(request_max, sizeof request_max, "%d", FRAMING_REQUEST_MAX);
    const char *options[] = {
        "listening_ports", address, "num_threads", workers, "request_timeout_ms", header,
        "keep_alive_timeout_ms", header, "max_request_size", request_max, "enable_keep_alive",
        front->keep_alive ? "yes" : "no", "tcp_nodelay", "1", "connection_queue", queue, "listen_backlog",
        "1024", "decode_url", "no", "decode_query_string", "no",
        /* everything that could serve a file, a script or another origin is off */
        "enable_directory_listing", "no", "cgi_pattern", "", "ssi_pattern", "", "access_control_allow_origin",
        "", "access_control_allow_methods", "", "access_control_allow_headers", "",
        "enable_auth_domain_check", "no", "allow_sendfile_call", "no", NULL};
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
    struct mg_server_port port = {0};
    front->context = mg_start2(&init, &error);
    if (front->context == NULL)
        return err_set(err, ERR_SYSTEM, "cannot listen on %s: %s", address,
                       reason[0] == '\0' ? "the address is in use, or not ours" : reason);
    if (mg_get_server_ports(front->context, 1, &port) != 1)
        return err_set(err, ERR_SYSTEM, "the HTTP library does not say where it listens");
    return listener_find(&front->listener, port.port, err);
}

static int make_workers(struct front *front, struct err *err)
{
    front->workers = calloc(front->worker_count, sizeof *front->workers);
    if (front->workers == NULL)
        return err_memory(err);
    for (size_t i = 0; i < front->worker_count; i++) {
        buf_init(&front->workers[i].reply, front->gateway == NULL ? FRONT_PAGE_MAX : FRONT_ANSWER_MAX);
        front->workers[i].arena = arena_new(FRONT_ARENA);
        if (front->workers[i].arena == NULL)
            return err_memory(err);
    }
    return 0;
}

/* Takes `front`. */
static struct front *open_door(struct front *front, const char *address, long long per_address,
                               struct err *err)
{
    if (listener_init(&front->listener, address, err) == 0 && make_workers(front, err) == 0 &&
        (front->guard = guard_new(front->worker_count, (size_t)per_address, err)) != NULL &&
        start(front, address, err) == 0)
        return front;
    front_close(front);
    return NULL;
}

struct front *front_open(struct gateway *gateway, const struct config *config, bool verified, struct err *err)
{
    struct front *front = calloc(1, sizeof *front);
    if (front == NULL) {
        err_memory(err);
        return NULL;
    }
    front->gateway = gateway;
    front->worker_count = (size_t)config->workers;
    front->keep_alive = verified;
    atomic_init(&front->scattered, !verified);
    return open_door(front, config->listen, config->per_address, err);
}

struct front *front_open_admin(front_admin_handler *handler, void *context, const char *address,
                               struct err *err)
{
    struct front *front = calloc(1, sizeof *front);
    if (front == NULL) {
        err_memory(err);
        return NULL;
    }
    front->handler = handler;
    front->handler_context = context;
    front->worker_count = FRONT_ADMIN_WORKERS;
    return open_door(front, address, GUARD_PLACES_MAX, err);
}

bool front_verify(struct front *front)
{
    bool verified = probe_run(&front->listener.address);
    atomic_store(&front->scattered, !verified);
    return verified;
}

bool front_is_ready(const struct front *front)
{
    return atomic_load(&front->accepting) && atomic_load(&front->started) >= front->worker_count;
}

int front_port(const struct front *front)
{
    return ntohs(front->listener.address.sin_port);
}

void front_count(struct front *front, struct guard_counts *counts)
{
    guard_count(front->guard, counts);
}

void front_stop_listening(struct front *front)
{
    listener_stop(&front->listener);
    guard_drain(front->guard);
}

static void stop(struct front *front)
{
    listener_stop(&front->listener);
    listener_wake(&front->listener);
    mg_stop(front->context);
    /* mg_stop() has joined every thread.  This load of what each wrote last says so to the thread sanitizer
     * too, which sees no join within the library: what they shared may be freed from here on. */
    (void)atomic_load(&front->threads);
}

void front_close(struct front *front)
{
    if (front == NULL)
        return;
    if (front->context != NULL)
        stop(front);
    if (front->context != NULL && !atomic_load(&front->accepting))
        return; /* the acceptor's thread could not be made: nobody can end the others but the process */
    guard_free(front->guard);
    listener_done(&front->listener);
    for (size_t i = 0; front->workers != NULL && i < front->worker_count; i++) {
        arena_free(front->workers[i].arena);
        buf_done(&front->workers[i].reply);
    }
    free(front->workers);
    free(front);
}
