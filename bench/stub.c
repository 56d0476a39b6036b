/* bench/stub PORT DELAY_MS - an upstream that answers every request with the vendor's sample, DELAY_MS after
 * it came, on 127.0.0.1.  One thread; as fast as it can be made simple, so that what is measured is what
 * stands before it. */
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
#include <time.h>
#include <unistd.h>

enum { FDS_MAX = 20000, INPUT_MAX = 16384, EVENTS = 256, BACKLOG = 4096, LISTENER = -1 };

static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 39\r\n\r\n"
                             "{\"code\":0,\"message\":\"\",\"taskId\":135254}";

struct connection {
    char *input; /* NULL: closed */
    size_t length;
    unsigned generation; /* of the descriptor: it may be closed and used again before an answer is due */
};

/* Every answer is due equally long after its request: the first that came is the first that goes. */
struct due {
    int64_t at_us;
    int fd;
    unsigned generation;
};

static struct connection connections[FDS_MAX];
static struct due queue[FDS_MAX];
static size_t head, tail;

static int64_t now_us(void)
{
    struct timespec at = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    return (int64_t)at.tv_sec * 1000000 + at.tv_nsec / 1000;
}

static void finish(int fd)
{
    free(connections[fd].input);
    connections[fd].input = NULL;
    connections[fd].generation++;
    (void)close(fd);
}

static void reply(int fd)
{
    if (send(fd, answer, sizeof answer - 1, MSG_NOSIGNAL) != (ssize_t)(sizeof answer - 1))
        finish(fd);
}

/* Header and body of the first request in the input, or 0. */
static size_t request_length(const struct connection *connection)
{
    const char *end = memmem(connection->input, connection->length, "\r\n\r\n", 4);
    if (end == NULL)
        return 0;
    size_t length = (size_t)(end - connection->input) + 4;
    const char *field = memmem(connection->input, length, "Content-Length: ", 16);
    if (field != NULL)
        length += strtoul(field + 16, NULL, 10);
    return length <= connection->length ? length : 0;
}

static void take_requests(int fd, int64_t delay_us)
{
    struct connection *connection = &connections[fd];
    for (size_t length; connection->input != NULL && (length = request_length(connection)) > 0;) {
        connection->length -= length;
        memmove(connection->input, connection->input + length, connection->length);
        if (delay_us == 0) {
            reply(fd);
            continue;
        }
        queue[tail++ % FDS_MAX] = (struct due){now_us() + delay_us, fd, connection->generation};
    }
}

static void on_input(int fd, int64_t delay_us)
{
    struct connection *connection = &connections[fd];
    ssize_t got =
        recv(fd, connection->input + connection->length, INPUT_MAX - connection->length, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0 || connection->length + (size_t)got == INPUT_MAX) {
        finish(fd);
        return;
    }
    connection->length += (size_t)got;
    take_requests(fd, delay_us);
}

static void take_connections(int listener, int poller)
{
    const int on = 1;
    for (int fd; (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
        struct epoll_event event = {.events = EPOLLIN, .data = {.fd = fd}};
        if (fd >= FDS_MAX || (connections[fd].input = malloc(INPUT_MAX)) == NULL ||
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||
            epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) != 0) {
            (void)close(fd);
            continue;
        }
        connections[fd].length = 0;
    }
}

/* Sends what is due; how long until the next, NULL when nothing waits.  In nanoseconds: a poll that counts
 * milliseconds would round every answer up. */
static const struct timespec *send_due(struct timespec *wait)
{
    int64_t now = now_us();
    for (; head < tail && queue[head % FDS_MAX].at_us <= now; head++) {
        const struct due *due = &queue[head % FDS_MAX];
        if (connections[due->fd].input != NULL && connections[due->fd].generation == due->generation)
            reply(due->fd);
    }
    if (head == tail)
        return NULL;
    int64_t left = queue[head % FDS_MAX].at_us - now;
    *wait = (struct timespec){.tv_sec = left / 1000000, .tv_nsec = left % 1000000 * 1000};
    return wait;
}

static int listen_on(const char *port)
{
    const int on = 1;
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)strtoul(port, NULL, 10))};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, BACKLOG) != 0)
        return -1;
    return fd;
}

int main(int argc, char **argv)
{
    const struct rlimit files = {FDS_MAX, FDS_MAX};
    struct epoll_event events[EVENTS];
    int listener = argc == 3 ? listen_on(argv[1]) : -1;
    int poller = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data = {.fd = LISTENER}};
    int64_t delay_us = argc == 3 ? strtol(argv[2], NULL, 10) * 1000 : 0;
    (void)setrlimit(RLIMIT_NOFILE, &files); /* what is allowed is enough for most runs */
    if (listener < 0 || poller < 0 || epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event) != 0) {
        perror("stub");
        return 1;
    }
    (void)printf("ready\n");
    (void)fflush(stdout);
    for (;;) {
        struct timespec wait;
        int count = epoll_pwait2(poller, events, EVENTS, send_due(&wait), NULL);
        for (int i = 0; i < count; i++)
            if (events[i].data.fd == LISTENER)
                take_connections(listener, poller);
            else
                on_input(events[i].data.fd, delay_us);
    }
}
