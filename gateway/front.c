#include "gateway/front.h"

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "gateway/clock.h"
#include "gateway/exchange.h"
#include "gateway/flow.h"
#include "gateway/stations.h"

#include <arpa/inet.h>
#include <civetweb.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    FRONT_ARENA = 4 * 1024 * 1024, /* one exchange: body, its values, a 1 MiB answer, with room */
    FRONT_FD_MAX = 65536,
};

struct front {
    struct mg_context *context;
    struct gateway *gateway; /* NULL: the admin listener */
    front_admin_handler *handler;
    void *handler_context;
    long long workers;
    atomic_llong started;       /* workers, ever */
    atomic_llong threads;       /* CivetWeb's that run now */
    struct sockaddr_in address; /* where we listen */
    int dummy;                  /* stands in the listener's place once we stopped listening; else -1 */
};

/* What a worker keeps from one request to the next. */
struct worker {
    struct arena *arena;
    struct buf reply;
};

/* ---- workers ---- */

static void *on_thread_start(const struct mg_context *context, int type)
{
    struct front *front = mg_get_user_data(context);
    atomic_fetch_add(&front->threads, 1);
    if (type != 1) /* 1: a worker */
        return NULL;
    struct worker *worker = calloc(1, sizeof *worker);
    if (worker != NULL) {
        worker->arena = arena_new(FRONT_ARENA);
        buf_init(&worker->reply, FRONT_ANSWER_MAX);
    }
    atomic_fetch_add(&front->started, 1);
    return worker;
}

static void on_thread_end(const struct mg_context *context, int type, void *pointer)
{
    struct front *front = mg_get_user_data(context);
    struct worker *worker = pointer;
    (void)type;
    if (worker != NULL) {
        arena_free(worker->arena);
        buf_done(&worker->reply);
        free(worker);
    }
    atomic_fetch_sub(&front->threads, 1); /* the last that this thread does with us: see front_close() */
}

/* ---- the door that an exchange walks through ---- */

static size_t door_read(void *connection, char *bytes, size_t size)
{
    int got = mg_read(connection, bytes, size);
    return got > 0 ? (size_t)got : 0;
}

static int door_write(void *connection, const char *bytes, size_t size)
{
    return size <= INT_MAX && mg_write(connection, bytes, size) == (int)size ? 0 : -1;
}

/* CivetWeb lends nobody its sockets: a connection's is found by its two ends. */
static bool is_socket_of(int fd, const struct mg_request_info *info)
{
    struct sockaddr_in near, far;
    socklen_t near_size = sizeof near, far_size = sizeof far;
    char address[INET_ADDRSTRLEN];
    return getpeername(fd, (struct sockaddr *)&far, &far_size) == 0 && far.sin_family == AF_INET &&
           ntohs(far.sin_port) == info->remote_port &&
           inet_ntop(AF_INET, &far.sin_addr, address, sizeof address) != NULL &&
           strcmp(address, info->remote_addr) == 0 &&
           getsockname(fd, (struct sockaddr *)&near, &near_size) == 0 &&
           ntohs(near.sin_port) == info->server_port;
}

/* -1 when there is none.  It is remembered with the connection, which outlives the request. */
static int socket_of(struct mg_connection *connection)
{
    struct rlimit files = {0};
    const struct mg_request_info *info = mg_get_request_info(connection);
    int known = (int)(intptr_t)mg_get_user_connection_data(connection);
    if (known > 0 && is_socket_of(known, info))
        return known;
    int most = getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < FRONT_FD_MAX ? (int)files.rlim_cur
                                                                                      : FRONT_FD_MAX;
    for (int fd = 3; fd < most; fd++)
        if (is_socket_of(fd, info)) {
            mg_set_user_connection_data(connection, (void *)(intptr_t)fd);
            return fd;
        }
    return -1;
}

/* A client that has closed its side, or whose connection broke.  One that only says no more is treated alike:
 * nothing tells them apart before something is written. */
static bool door_gone(void *connection, int millis)
{
    struct pollfd watched = {.fd = socket_of(connection), .events = POLLRDHUP};
    if (poll(&watched, 1, millis) <= 0) /* a negative fd is not watched: it only waits */
        return false;
    return (watched.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

static size_t copy_fields(const struct mg_request_info *info, struct framing_field *fields)
{
    size_t count = info->num_headers < 0 ? 0 : (size_t)info->num_headers;
    for (size_t i = 0; i < count; i++)
        fields[i] = (struct framing_field){info->http_headers[i].name, info->http_headers[i].value};
    return count;
}

static int serve_exchange(struct front *front, struct mg_connection *connection, struct worker *worker)
{
    const struct mg_request_info *info = mg_get_request_info(connection);
    const struct door door = {
        .connection = connection, .read = door_read, .write = door_write, .gone = door_gone};
    struct framing_field fields[MG_MAX_HEADERS];
    struct exchange x = {
        .gateway = front->gateway,
        .generation = gateway_take(front->gateway),
        .door = &door,
        .arena = worker->arena,
        .source = info->remote_addr,
        .reply = &worker->reply,
        .framing = {.method = info->request_method,
                    .target = info->request_uri,
                    .query = info->query_string,
                    .version = info->http_version,
                    .fields = fields,
                    .field_count = copy_fields(info, fields)},
    };
    x.config = x.generation->config;
    if (!network_parse_address(x.source, &x.address))
        memset(&x.address, 0, sizeof x.address); /* cannot happen; "::" is in nobody's network */
    atomic_fetch_add(&front->gateway->in_flight, 1);
    flow_walk(&x);
    atomic_fetch_sub(&front->gateway->in_flight, 1);
    if (x.close)
        mg_disable_connection_keep_alive(connection);
    buf_reset(&worker->reply);
    arena_reset(worker->arena);
    gateway_release(x.generation);
    return x.status;
}

/* ---- the admin listener ---- */

/* A page of another origin could make a browser ask us under a name that it controls (DNS rebinding): health
 * and reload are asked for by address, or as localhost. */
static bool is_local_name(const char *host)
{
    char name[64];
    struct in_addr address;
    if (host == NULL || strlen(host) >= sizeof name)
        return false;
    memcpy(name, host, strlen(host) + 1);
    name[strcspn(name, ":")] = '\0';
    return strcmp(name, "localhost") == 0 || inet_pton(AF_INET, name, &address) == 1;
}

static void admin_problem(struct front_admin_answer *answer, int status, const char *detail)
{
    answer->status = status;
    answer->type = "application/problem+json";
    json_open(&answer->body);
    json_member(&answer->body, "title", problem_reason(status));
    json_member_int(&answer->body, "status", status);
    json_member(&answer->body, "detail", detail);
    json_close(&answer->body);
}

static int serve_admin(struct front *front, struct mg_connection *connection)
{
    const struct mg_request_info *info = mg_get_request_info(connection);
    struct front_admin_answer answer = {.status = 200, .type = "application/json"};
    struct buf head;
    buf_init(&answer.body, FRONT_ANSWER_MAX);
    buf_init(&head, FRONT_ANSWER_MAX);
    if (!is_local_name(mg_get_header(connection, "Host")))
        admin_problem(&answer, 400, "ask by address or as localhost");
    else
        front->handler(front->handler_context, info->request_method, info->request_uri, &answer);
    buf_put_format(&head,
                   "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\nCache-Control: no-store\r\n"
                   "X-Content-Type-Options: nosniff\r\nConnection: close\r\n",
                   answer.status, problem_reason(answer.status), answer.type, answer.body.length);
    if (answer.allow != NULL)
        buf_put_format(&head, "Allow: %s\r\n", answer.allow);
    buf_put(&head, "\r\n");
    if (strcmp(info->request_method, "HEAD") != 0)
        buf_put_bytes(&head, buf_text(&answer.body), answer.body.length);
    mg_disable_connection_keep_alive(connection);
    if (!head.failed && !answer.body.failed)
        (void)mg_write(connection, buf_text(&head), head.length); /* the client may be gone */
    buf_done(&head);
    buf_done(&answer.body);
    return answer.status;
}

/* ---- CivetWeb's callbacks ---- */

static int on_request(struct mg_connection *connection)
{
    struct front *front = mg_get_user_data(mg_get_context(connection));
    struct worker *worker = mg_get_thread_pointer(connection);
    if (front->gateway == NULL)
        return serve_admin(front, connection);
    if (worker == NULL || worker->arena == NULL) { /* memory was out when the worker began */
        mg_disable_connection_keep_alive(connection);
        return 500;
    }
    return serve_exchange(front, connection, worker);
}

/* CivetWeb refuses by itself what it cannot parse.  The connection ends after it. */
static int on_error(struct mg_connection *connection, int status, const char *message)
{
    struct front *front = mg_get_user_data(mg_get_context(connection));
    struct worker *worker = mg_get_thread_pointer(connection);
    (void)message; /* may quote the request */
    mg_disable_connection_keep_alive(connection);
    if (front->gateway == NULL || worker == NULL || worker->arena == NULL)
        return 0;
    const struct door door = {
        .connection = connection, .read = door_read, .write = door_write, .gone = door_gone};
    struct exchange x = {
        .gateway = front->gateway,
        .door = &door,
        .arena = worker->arena,
        .source = mg_get_request_info(connection)->remote_addr,
        .reply = &worker->reply,
    };
    atomic_fetch_add(&front->gateway->in_flight, 1);
    flow_refuse(&x, status == 505   ? PROBLEM_VERSION_NOT_SUPPORTED
                    : status >= 500 ? PROBLEM_INTERNAL
                                    : PROBLEM_MALFORMED_REQUEST);
    atomic_fetch_sub(&front->gateway->in_flight, 1);
    buf_reset(&worker->reply);
    arena_reset(worker->arena);
    return 0;
}

static int on_message(const struct mg_connection *connection, const char *message)
{
    (void)connection;
    (void)message;
    return 1; /* said by us, or not worth saying */
}

static int on_access(const struct mg_connection *connection, const char *message)
{
    return on_message(connection, message);
}

/* ---- listening ---- */

/* The configuration has checked the form. */
static int set_address(struct front *front, const char *text, struct err *err)
{
    char host[INET_ADDRSTRLEN] = "";
    size_t length = strcspn(text, ":");
    memcpy(host, text, length < sizeof host ? length : 0);
    front->dummy = -1;
    front->address.sin_family = AF_INET;
    if (inet_pton(AF_INET, host, &front->address.sin_addr) != 1)
        return err_set(err, ERR_INPUT, "cannot listen on '%s'", text);
    return 0;
}

static struct front *listen_on(struct front *front, const char *address, struct err *err)
{
    char workers[24];
    char gap[24];
    char idle[24];
    char request_max[24];
    char reason[256] = "";
    if (set_address(front, address, err) != 0) {
        free(front);
        return NULL;
    }
    (void)snprintf(workers, sizeof workers, "%lld", front->workers);
    (void)snprintf(gap, sizeof gap, "%d", FRONT_GAP_MS);
    (void)snprintf(idle, sizeof idle, "%d", FRONT_IDLE_MS);
    (void)snprintf(request_max, sizeof request_max, "%d", FRAMING_REQUEST_MAX);
    const char *options[] = {"listening_ports", address, "num_threads", workers, "request_timeout_ms", gap,
                             "keep_alive_timeout_ms", idle, "max_request_size", request_max,
                             "enable_keep_alive", "yes", "tcp_nodelay", "1", "connection_queue", "1024",
                             "listen_backlog", "1024", "decode_url", "no", "decode_query_string", "no",
                             /* everything that could serve a file, a script or another origin is off */
                             "enable_directory_listing", "no", "cgi_pattern", "", "ssi_pattern", "",
                             "access_control_allow_origin", "", "access_control_allow_methods", "",
                             "access_control_allow_headers", "", "enable_auth_domain_check", "no",
                             "allow_sendfile_call", "no", NULL};
    const struct mg_callbacks callbacks = {.begin_request = on_request,
                                           .http_error = on_error,
                                           .log_message = on_message,
                                           .log_access = on_access,
                                           .init_thread = on_thread_start,
                                           .exit_thread = on_thread_end};
    struct mg_init_data init = {
        .callbacks = &callbacks, .user_data = front, .configuration_options = options};
    struct mg_error_data error = {.text = reason, .text_buffer_size = sizeof reason};
    struct mg_server_port port = {0};
    front->context = mg_start2(&init, &error);
    if (front->context == NULL) {
        err_set(err, ERR_SYSTEM, "cannot listen on %s: %s", address,
                reason[0] == '\0' ? "the address is in use, or not ours" : reason);
        free(front);
        return NULL;
    }
    if (mg_get_server_ports(front->context, 1, &port) == 1)
        front->address.sin_port = htons((uint16_t)port.port);
    return front;
}

struct front *front_open(struct gateway *gateway, const char *address, long long workers, struct err *err)
{
    struct front *front = calloc(1, sizeof *front);
    if (front == NULL) {
        err_memory(err);
        return NULL;
    }
    front->gateway = gateway;
    front->workers = workers;
    return listen_on(front, address, err);
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
    front->workers = FRONT_ADMIN_WORKERS;
    return listen_on(front, address, err);
}

bool front_is_ready(const struct front *front)
{
    return atomic_load(&front->started) >= front->workers;
}

int front_port(const struct front *front)
{
    return ntohs(front->address.sin_port);
}

static bool is_listener(int fd, const struct front *front)
{
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    int listening = 0;
    socklen_t size = sizeof listening;
    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 && listening != 0 &&
           getsockname(fd, (struct sockaddr *)&address, &length) == 0 && address.sin_family == AF_INET &&
           address.sin_port == front->address.sin_port &&
           address.sin_addr.s_addr == front->address.sin_addr.s_addr;
}

/* Wakes a master thread that polls the listener: it finds a connection, or the descriptor that replaced it.
 */
static void knock(const struct front *front)
{
    struct sockaddr_in address = front->address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return; /* it looks by itself every two seconds */
    (void)connect(fd, (struct sockaddr *)&address, sizeof address);
    (void)close(fd);
}

/* CivetWeb cannot stop listening without stopping to serve.  Its listener is found by its address and
 * replaced, in place, by a descriptor that becomes readable only when we say so. */
void front_stop_listening(struct front *front)
{
    if (front->dummy >= 0)
        return;
    front->dummy = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    for (int fd = 3; front->dummy >= 0 && fd < FRONT_FD_MAX; fd++)
        if (is_listener(fd, front)) {
            (void)dup3(front->dummy, fd, O_CLOEXEC);
            knock(front);
            break;
        }
}

void front_close(struct front *front)
{
    if (front == NULL)
        return;
    front_stop_listening(front);
    if (front->dummy >= 0)
        (void)eventfd_write(front->dummy,
                            1); /* the master thread turns without waiting until it is stopped */
    mg_stop(front->context);
    /* mg_stop() has joined every thread.  This load of what each wrote last says so to the thread sanitizer
     * too, which sees no join within the library: what they shared may be freed from here on. */
    (void)atomic_load(&front->threads);
    if (front->dummy >= 0)
        (void)close(front->dummy);
    free(front);
}
