/* bench/relay PORT UPSTREAM_PORT - what a thread for each connection costs before it has done any work: the
 * gateway's system calls for a request, in their order, with a request and an answer of their usual size, on
 * 127.0.0.1.  It reads no HTTP: what comes in one piece is one request. */
#include "base/base.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REQUEST = 430, ANSWER = 330, PIECE = 2048, BACKLOG = 512, QUANTUM_MS = 2000 };

static const char request_head[] =
    "GET /v2/index.php?Signature=none HTTP/1.1\r\nHost: vpc.api.qcloud.com\r\nX: ";
static const char answer_head[] = "HTTP/1.1 202 Accepted\r\nContent-Length: 39\r\nX: ";
static const char answer_body[] = "\r\n\r\n{\"code\":0,\"message\":\"\",\"taskId\":135254}";

static char request[REQUEST];
static char answer[ANSWER];
static in_port_t upstream_port;

static struct sockaddr_in loopback(in_port_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

/* `head`, then as much of a long field as it takes, then `tail`. */
static void fill(char *out, size_t size, const char *head, const char *tail)
{
    memset(out, 'x', size);
    memcpy(out, head, strlen(head));
    memcpy(out + size - strlen(tail), tail, strlen(tail));
}

static int connect_upstream(void)
{
    const int on = 1;
    const struct sockaddr_in address = loopback(upstream_port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||
                    connect(fd, (const struct sockaddr *)&address, sizeof address) != 0)) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

static bool relay(int client, int upstream)
{
    char piece[PIECE];
    struct pollfd ready = {.fd = client, .events = POLLIN};
    while (poll(&ready, 1, QUANTUM_MS) == 0)
        continue;
    return recv(client, piece, sizeof piece, 0) > 0 &&
           recv(upstream, piece, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
           send(upstream, request, sizeof request, MSG_NOSIGNAL) == (ssize_t)sizeof request &&
           recv(upstream, piece, sizeof piece, 0) > 0 &&
           send(client, answer, sizeof answer, MSG_NOSIGNAL) == (ssize_t)sizeof answer;
}

static void *serve(void *context)
{
    int client = (int)(intptr_t)context;
    int upstream = connect_upstream();
    if (upstream >= 0) {
        while (relay(client, upstream))
            continue;
        (void)close(upstream);
    }
    (void)close(client);
    return NULL;
}

static bool begin(int client)
{
    const int on = 1;
    pthread_t thread;
    if (setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||
        pthread_create(&thread, NULL, serve, (void *)(intptr_t)client) != 0)
        return false;
    return pthread_detach(thread) == 0;
}

static int listen_on(in_port_t port)
{
    const int on = 1;
    const struct sockaddr_in address = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(fd, (const struct sockaddr *)&address, sizeof address) != 0 || listen(fd, BACKLOG) != 0)
        return -1;
    return fd;
}

/* Until it is told to end. */
int main(int count, char **words)
{
    if (count != 3)
        return 2;
    upstream_port = (in_port_t)strtoul(words[2], NULL, 10);
    fill(request, sizeof request, request_head, "\r\n\r\n");
    fill(answer, sizeof answer, answer_head, answer_body);
    int listener = listen_on((in_port_t)strtoul(words[1], NULL, 10));
    while (listener >= 0) {
        int client = accept(listener, NULL, NULL);
        if (client < 0 || !begin(client))
            return 1;
    }
    return 1;
}
