#include "gateway/server/listener.h"

#include "base/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    FD_MAX = 65536,       /* our descriptors are the first ones of a process that has just begun */
    PAUSE_NS = 1000000,   /* between two looks */
    SETTLE_US = 50000,    /* for handshakes that were under way: their last segment is on the wire */
    BACKLOG_US = 1000000, /* for what was established to be accepted */
    TCP_FLAGS = 13,
    SYN = 0x02 /* offset and bit in a TCP header: RFC 9293 section 3.1 */
};

int listener_init(struct listener *listener, const char *text, struct err *err)
{
    char host[INET_ADDRSTRLEN] = "";
    size_t length = strcspn(text, ":");
    *listener = (struct listener){.fd = -1, .dummy = -1, .address = {.sin_family = AF_INET}};
    memcpy(host, text, length < sizeof host ? length : 0);
    if (inet_pton(AF_INET, host, &listener->address.sin_addr) != 1)
        return err_set(err, ERR_INPUT, "cannot listen on '%s'", text);
    return 0;
}

static bool is_it(const struct listener *listener, int fd)
{
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    int listening = 0;
    socklen_t size = sizeof listening;
    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 && listening != 0 &&
           getsockname(fd, (struct sockaddr *)&address, &length) == 0 && address.sin_family == AF_INET &&
           address.sin_port == listener->address.sin_port &&
           address.sin_addr.s_addr == listener->address.sin_addr.s_addr;
}

/* Connections inherit what is set here: answers go at once, and a peer that is gone is noticed in the end. */
static int prepare(int fd)
{
    const int on = 1;
    int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 &&
                   setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0 &&
                   setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on) == 0
               ? 0
               : -1;
}

int listener_find(struct listener *listener, int port, struct err *err)
{
    listener->address.sin_port = htons((uint16_t)port);
    listener->dummy = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); /* now: there may be no descriptor left later */
    if (listener->dummy < 0)
        return err_set(err, ERR_SYSTEM, "cannot make an eventfd: %s", strerror(errno));
    for (int fd = 0; fd < FD_MAX; fd++)
        if (is_it(listener, fd)) {
            listener->fd = fd;
            return prepare(fd) == 0
                       ? 0
                       : err_set(err, ERR_SYSTEM, "cannot prepare the listener: %s", strerror(errno));
        }
    return err_set(err, ERR_SYSTEM, "the HTTP library's listener cannot be found");
}

static void pause_until(int64_t until_us)
{
    const struct timespec step = {.tv_nsec = PAUSE_NS};
    do
        (void)nanosleep(&step, NULL); /* woken early, we only look sooner */
    while (clock_monotonic_us() < until_us);
}

enum listener_result listener_accept(int fd, int *accepted, struct sockaddr_in *peer)
{
    socklen_t length = sizeof *peer;
    *accepted = accept4(fd, (struct sockaddr *)peer, &length, SOCK_CLOEXEC);
    if (*accepted >= 0)
        return LISTENER_GOOD;
    return errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM ? LISTENER_EXHAUSTED
                                                                                     : LISTENER_NOBODY;
}

/* Established connections go on; where the kernel takes no filter, they are only refused less politely. */
static void drop_newcomers(int fd)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, TCP_FLAGS),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, SYN, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
    };
    const struct sock_fprog program = {.len = COUNT(code), .filter = code};
    (void)setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

static bool has_backlog(int fd)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    return poll(&ready, 1, 0) > 0;
}

/* CivetWeb cannot stop listening without stopping to serve: its listener is replaced, in place, by a
 * descriptor that never becomes readable. */
void listener_stop(struct listener *listener)
{
    if (listener->fd < 0 || listener->stopped)
        return;
    listener->stopped = true;
    drop_newcomers(listener->fd);
    int64_t began = clock_monotonic_us();
    pause_until(began + SETTLE_US);
    while (has_backlog(listener->fd) && clock_monotonic_us() < began + BACKLOG_US)
        pause_until(0);
    (void)shutdown(listener->fd, SHUT_RDWR); /* refuses who comes from here on */
    (void)dup3(listener->dummy, listener->fd, O_CLOEXEC);
}

void listener_done(struct listener *listener)
{
    if (listener->dummy >= 0)
        (void)close(listener->dummy);
    listener->dummy = -1;
}
