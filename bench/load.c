/* bench/load PORT RATE SECONDS CONNECTIONS IDLE METHOD PATH TOKEN [BODY] - an open loop: request n is meant
 * to be sent n / RATE seconds after the start, whatever became of those before it, and its latency counts
 * from then.  A request for which no connection is free waits, and that is part of its latency.  IDLE more
 * connections say nothing. One thread, 127.0.0.1; prints one line of JSON, times in milliseconds. */
#include "base/base.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 20000, INPUT_MAX = 8192, EVENTS = 256, TIMER = -1, DRAIN_S = 15 };

struct connection {
    int fd;
    size_t length;
    int64_t meant_us; /* of the request that it carries; 0: it is free */
    char input[INPUT_MAX];
};

static struct {
    struct sockaddr_in address;
    char *request;
    size_t request_length;
    int poller, timer;
    struct connection *all;
    size_t *idle, idle_first, idle_count; /* a ring of places in `all`: each has its turn */
    size_t idle_size;
    int64_t *latencies_us;
    size_t meant, begun, done, failed, reconnects, total;
    int64_t start_us;
    double rate;
} load;

static int64_t now_us(void)
{
    struct timespec at = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    return (int64_t)at.tv_sec * 1000000 + at.tv_nsec / 1000;
}

static int64_t meant_at(size_t number)
{
    return load.start_us + (int64_t)((double)number * 1e6 / load.rate);
}

static bool open_connection(size_t place)
{
    const int on = 1;
    struct epoll_event event = {.events = EPOLLIN, .data = {.u64 = place}};
    struct connection *connection = &load.all[place];
    connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    connection->length = 0;
    connection->meant_us = 0;
    return connection->fd >= 0 &&
           connect(connection->fd, (struct sockaddr *)&load.address, sizeof load.address) == 0 &&
           setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0 &&
           epoll_ctl(load.poller, EPOLL_CTL_ADD, connection->fd, &event) == 0;
}

static void reopen(size_t place)
{
    (void)close(load.all[place].fd);
    load.reconnects++;
    if (!open_connection(place)) {
        perror("load: connect");
        exit(1);
    }
}

static void begin(size_t place)
{
    struct connection *connection = &load.all[place];
    connection->meant_us = meant_at(load.begun++);
    if (send(connection->fd, load.request, load.request_length, MSG_NOSIGNAL) !=
        (ssize_t)load.request_length) {
        /* it was closed while it was idle: nothing was lost, another one takes the request */
        int64_t meant = connection->meant_us;
        reopen(place);
        connection->meant_us = meant;
        if (send(connection->fd, load.request, load.request_length, MSG_NOSIGNAL) !=
            (ssize_t)load.request_length)
            load.failed++;
    }
}

static void begin_what_is_meant(void)
{
    while (load.begun < load.meant && load.idle_count > 0) {
        size_t place = load.idle[load.idle_first];
        load.idle_first = (load.idle_first + 1) % load.idle_size;
        load.idle_count--;
        begin(place);
    }
}

static void on_timer(void)
{
    uint64_t ticks = 0;
    if (read(load.timer, &ticks, sizeof ticks) != sizeof ticks)
        return;
    int64_t now = now_us();
    while (load.meant < load.total && meant_at(load.meant) <= now)
        load.meant++;
    begin_what_is_meant();
}

/* A whole answer is there: how long it is; 0: not yet. */
static size_t answer_length(const struct connection *connection)
{
    const char *end = memmem(connection->input, connection->length, "\r\n\r\n", 4);
    const char *field = memmem(connection->input, connection->length, "Content-Length: ", 16);
    if (end == NULL || field == NULL || field > end)
        return 0;
    size_t length = (size_t)(end - connection->input) + 4 + strtoul(field + 16, NULL, 10);
    return length <= connection->length ? length : 0;
}

static void finish(size_t place, bool good, bool closes)
{
    struct connection *connection = &load.all[place];
    if (good)
        load.latencies_us[load.done] = now_us() - connection->meant_us;
    load.done += good;
    load.failed += !good;
    connection->meant_us = 0;
    connection->length = 0;
    if (closes)
        reopen(place);
    load.idle[(load.idle_first + load.idle_count++) % load.idle_size] = place;
    begin_what_is_meant();
}

static void on_input(size_t place)
{
    struct connection *connection = &load.all[place];
    ssize_t got =
        recv(connection->fd, connection->input + connection->length, INPUT_MAX - connection->length, 0);
    if (got <= 0) {
        if (connection->meant_us != 0)
            finish(place, false, true);
        else
            reopen(place); /* an idle one: still in the ring */
        return;
    }
    connection->length += (size_t)got;
    if (answer_length(connection) == 0)
        return;
    bool closes = memmem(connection->input, connection->length, "Connection: close", 17) != NULL;
    finish(place, strncmp(connection->input, "HTTP/1.1 20", 11) == 0, closes);
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static double percentile(double share)
{
    if (load.done == 0)
        return -1;
    size_t place = (size_t)(share * (double)load.done);
    return (double)load.latencies_us[place < load.done ? place : load.done - 1] / 1000;
}

static void run(int seconds)
{
    const struct itimerspec tick = {.it_interval = {.tv_nsec = 250000}, .it_value = {.tv_nsec = 250000}};
    struct epoll_event events[EVENTS];
    load.start_us = now_us() + 100000;
    if (timerfd_settime(load.timer, 0, &tick, NULL) != 0)
        exit(1);
    int64_t end = load.start_us + (int64_t)(seconds + DRAIN_S) * 1000000;
    while (load.done + load.failed < load.total && now_us() < end) {
        int count = epoll_wait(load.poller, events, EVENTS, 1000);
        for (int i = 0; i < count; i++)
            if (events[i].data.u64 == (uint64_t)TIMER)
                on_timer();
            else
                on_input((size_t)events[i].data.u64);
    }
}

static void print(void)
{
    qsort(load.latencies_us, load.done, sizeof *load.latencies_us, by_size);
    (void)printf("{\"meant\": %zu, \"done\": %zu, \"failed\": %zu, \"lost\": %zu, \"reconnects\": %zu, "
                 "\"p50\": %.3f, \"p90\": %.3f, \"p99\": %.3f, \"p999\": %.3f, \"max\": %.3f}\n",
                 load.total, load.done, load.failed, load.total - load.done - load.failed, load.reconnects,
                 percentile(0.5), percentile(0.9), percentile(0.99), percentile(0.999), percentile(1));
}

static void make_request(char **argv, const char *body)
{
    int length = asprintf(&load.request,
                          "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\n%s"
                          "Content-Length: %zu\r\n\r\n%s",
                          argv[6], argv[7], argv[8],
                          body[0] == '\0' ? "" : "Content-Type: application/json\r\n", strlen(body), body);
    if (length < 0)
        exit(1);
    load.request_length = (size_t)length;
}

int main(int argc, char **argv)
{
    const struct rlimit files = {CONNECTIONS_MAX + 100, CONNECTIONS_MAX + 100};
    if (argc != 9 && argc != 10)
        return 2;
    size_t active = strtoul(argv[4], NULL, 10);
    size_t silent = strtoul(argv[5], NULL, 10);
    struct epoll_event event = {.events = EPOLLIN, .data = {.u64 = (uint64_t)TIMER}};
    (void)setrlimit(RLIMIT_NOFILE, &files); /* what is allowed is enough for most runs */
    load.address =
        (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)strtoul(argv[1], NULL, 10))};
    load.address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    load.rate = strtod(argv[2], NULL);
    load.total = (size_t)(load.rate * strtod(argv[3], NULL));
    load.poller = epoll_create1(EPOLL_CLOEXEC);
    load.timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    load.all = calloc(active + silent + 1, sizeof *load.all);
    load.idle_size = active + 1;
    load.idle = calloc(load.idle_size, sizeof *load.idle);
    load.latencies_us = calloc(load.total + 1, sizeof *load.latencies_us);
    if (load.poller < 0 || load.timer < 0 || load.all == NULL || load.idle == NULL ||
        load.latencies_us == NULL || active + silent > CONNECTIONS_MAX ||
        epoll_ctl(load.poller, EPOLL_CTL_ADD, load.timer, &event) != 0)
        return 1;
    make_request(argv, argc == 10 ? argv[9] : "");
    for (size_t place = 0; place < active + silent; place++) {
        if (!open_connection(place)) {
            perror("load: connect");
            return 1;
        }
        if (place < active)
            load.idle[load.idle_count++] = place;
    }
    run((int)strtol(argv[3], NULL, 10));
    print();
    return 0;
}
