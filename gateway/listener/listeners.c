#include "gateway/listener/listeners.h"

#include "base/time/clock.h"
#include "gateway/listener/passed.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    BACKLOG = 1024,    /* the kernel may have less: net.core.somaxconn */
    PRIVILEGED = 1024, /* ports below, where net.ipv4.ip_unprivileged_port_start says nothing else */
    STEP_US = 1000,
    SETTLE_US = 50000,    /* for handshakes that were under way: their last segment is on the wire */
    BACKLOG_US = 1000000, /* for what was established to be accepted */
    TCP_FLAGS = 13,
    SYN = 0x02 /* offset and bit in a TCP header: RFC 9293 section 3.1 */
};

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un path;
};

static const unsigned char mapped[12] = {[10] = 0xFF, [11] = 0xFF};

static struct network network_of(const union address *address)
{
    struct network network = network_unix();
    if (address->any.sa_family == AF_INET6)
        memcpy(network.bytes, &address->v6.sin6_addr, sizeof network.bytes);
    if (address->any.sa_family == AF_INET) {
        memcpy(network.bytes, mapped, sizeof mapped);
        memcpy(network.bytes + sizeof mapped, &address->v4.sin_addr, sizeof address->v4.sin_addr);
    }
    return network;
}

/* ---- what a socket is called ---- */

static void name_tcp(struct listener *listener, const union address *address)
{
    char host[NETWORK_TEXT_SIZE];
    const struct network network = network_of(address);
    bool v6 = address->any.sa_family == AF_INET6;
    listener->port = ntohs(v6 ? address->v6.sin6_port : address->v4.sin_port);
    network_format(&network, host);
    if (v6 && IN6_IS_ADDR_UNSPECIFIED(&address->v6.sin6_addr))
        memcpy(host, "::", sizeof "::");
    (void)snprintf(listener->text, sizeof listener->text, v6 ? "http://[%s]:%d" : "http://%s:%d", host,
                   listener->port);
}

/* "https" */
static void name_tls(struct listener *listener)
{
    const size_t scheme = sizeof "http" - 1;
    size_t length = strlen(listener->text);
    if (length + 1 >= sizeof listener->text)
        return; /* an address is shorter */
    memmove(listener->text + scheme + 1, listener->text + scheme, length - scheme + 1);
    listener->text[scheme] = 's';
}

static int name_socket(struct listener *listener, struct err *err)
{
    union address address = {0};
    socklen_t length = sizeof address;
    if (getsockname(listener->fd, &address.any, &length) != 0)
        return err_set(err, ERR_SYSTEM, "cannot ask where a socket listens: %s", strerror(errno));
    if (address.any.sa_family == AF_INET || address.any.sa_family == AF_INET6)
        name_tcp(listener, &address);
    else if (address.any.sa_family == AF_UNIX)
        (void)snprintf(listener->text, sizeof listener->text, "unix:%.*s", (int)sizeof address.path.sun_path,
                       address.path.sun_path);
    else
        return err_set(err, ERR_INPUT, "descriptor %d of systemd is neither TCP nor a Unix socket",
                       listener->fd);
    return 0;
}

/* ---- TCP ---- */

static int explain_tcp(const struct config_listener *config, int why, struct err *err)
{
    if (why == EADDRINUSE)
        return err_set(err, ERR_SYSTEM, "cannot listen on %s: the address is in use", config->address);
    if (why == EADDRNOTAVAIL)
        return err_set(err, ERR_SYSTEM, "cannot listen on %s: no interface of this machine has the address",
                       config->address);
    if ((why == EACCES || why == EPERM) && config->port < PRIVILEGED)
        return err_set(
            err, ERR_SYSTEM,
            "cannot listen on %s: a port below %d takes the capability CAP_NET_BIND_SERVICE "
            "(AmbientCapabilities= and CapabilityBoundingSet= of the unit), or sockets of systemd's own "
            "(listen: systemd)",
            config->address, PRIVILEGED);
    if (why == EAFNOSUPPORT)
        return err_set(err, ERR_SYSTEM, "cannot listen on %s: this machine has no IPv6", config->address);
    return err_set(err, ERR_SYSTEM, "cannot listen on %s: %s", config->address, strerror(why));
}

static socklen_t address_of(const struct config_listener *config, union address *address)
{
    *address = (union address){0};
    if (network_is_v4(&config->host)) {
        address->v4.sin_family = AF_INET;
        address->v4.sin_port = htons((uint16_t)config->port);
        memcpy(&address->v4.sin_addr, config->host.bytes + sizeof mapped, sizeof address->v4.sin_addr);
        return sizeof address->v4;
    }
    address->v6.sin6_family = AF_INET6;
    address->v6.sin6_port = htons((uint16_t)config->port);
    memcpy(&address->v6.sin6_addr, config->host.bytes, sizeof config->host.bytes);
    return sizeof address->v6;
}

/* Connections inherit them; of a Unix socket they mean nothing. */
static void set_options(int fd)
{
    const int on = 1;
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

/* An IPv6 socket is for IPv6 alone: an address means what it says. */
static int listen_tcp(struct listener *listener, const struct config_listener *config, struct err *err)
{
    const int on = 1;
    union address address;
    socklen_t length = address_of(config, &address);
    listener->fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listener->fd < 0 || setsockopt(listener->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        (address.any.sa_family == AF_INET6 &&
         setsockopt(listener->fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) != 0) ||
        bind(listener->fd, &address.any, length) != 0 || listen(listener->fd, BACKLOG) != 0)
        return explain_tcp(config, errno, err);
    return 0;
}

/* ---- Unix sockets ---- */

static int listen_unix(struct listener *listener, const struct config_listener *config, struct err *err)
{
    if (unix_path_open(&listener->path, config, &listener->fd, err) != 0)
        return -1;
    return listen(listener->fd, BACKLOG) == 0
               ? 0
               : err_set(err, ERR_SYSTEM, "cannot listen on %s: %s", config->address, strerror(errno));
}

/* ---- all ---- */

/* Behind `ready`, with its index. */
static int add(struct listeners *listeners, struct listener *listener, struct err *err)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = (uint64_t)(listener - listeners->items)};
    if (name_socket(listener, err) != 0)
        return -1;
    set_options(listener->fd);
    if (epoll_ctl(listeners->ready, EPOLL_CTL_ADD, listener->fd, &event) != 0)
        return err_set(err, ERR_SYSTEM, "cannot wait for connections at %s: %s", listener->text,
                       strerror(errno));
    return 0;
}

static struct listener *next_place(struct listeners *listeners, struct err *err)
{
    if (listeners->count == LISTENER_SOCKETS) {
        err_set(err, ERR_LIMIT, "more than %d sockets to listen on", LISTENER_SOCKETS);
        return NULL;
    }
    struct listener *listener = &listeners->items[listeners->count++];
    *listener = (struct listener){.fd = -1};
    return listener;
}

static int open_passed(struct listeners *listeners, const struct config_listener *config, struct err *err)
{
    int fds[LISTENER_SOCKETS];
    size_t count = 0;
    if (passed_sockets(config->name, fds, COUNT(fds), &count, err) != 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        struct listener *listener = next_place(listeners, err);
        if (listener == NULL)
            return -1;
        listener->fd = fds[i];
        listener->passed = true;
        if (add(listeners, listener, err) != 0)
            return -1;
    }
    return 0;
}

static int open_own(struct listeners *listeners, const struct config_listener *config, struct err *err)
{
    struct listener *listener = next_place(listeners, err);
    if (listener == NULL)
        return -1;
    int opened =
        config->kind == CONFIG_UNIX ? listen_unix(listener, config, err) : listen_tcp(listener, config, err);
    return opened == 0 ? add(listeners, listener, err) : -1;
}

static int open_entry(struct listeners *listeners, const struct config_listeners *config, size_t entry,
                      struct err *err)
{
    size_t first = listeners->count;
    const struct config_listener *item = &config->items[entry];
    if ((item->kind == CONFIG_SYSTEMD ? open_passed(listeners, item, err) : open_own(listeners, item, err)) !=
        0)
        return -1;
    for (size_t i = first; i < listeners->count; i++) {
        listeners->items[i].entry = entry;
        if (item->tls != NULL && listeners->items[i].port > 0)
            name_tls(&listeners->items[i]);
    }
    return 0;
}

int listeners_open(struct listeners *listeners, const struct config_listeners *config, struct tls_set *tls,
                   struct err *err)
{
    memset(listeners, 0, sizeof *listeners);
    listeners->tls = tls;
    (void)pthread_mutex_init(&listeners->mutex, NULL); /* cannot fail on Linux */
    listeners->ready = epoll_create1(EPOLL_CLOEXEC);
    listeners->idle = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (listeners->ready < 0 || listeners->idle < 0)
        return err_set(err, ERR_SYSTEM, "cannot make an epoll and an eventfd: %s", strerror(errno));
    for (size_t i = 0; i < config->count; i++)
        if (open_entry(listeners, config, i, err) != 0)
            return -1;
    return 0;
}

/* ---- who comes ---- */

void listeners_use(struct listeners *listeners, struct tls_set *tls)
{
    (void)pthread_mutex_lock(&listeners->mutex);
    struct tls_set *old = listeners->tls;
    listeners->tls = tls;
    (void)pthread_mutex_unlock(&listeners->mutex);
    tls_set_release(old);
}

struct tls_set *listeners_tls(struct listeners *listeners)
{
    (void)pthread_mutex_lock(&listeners->mutex);
    struct tls_set *set = listeners->tls == NULL ? NULL : tls_set_hold(listeners->tls);
    (void)pthread_mutex_unlock(&listeners->mutex);
    return set;
}

/* False: there is no memory for it. */
bool listeners_have_tls(struct listeners *listeners)
{
    bool has = false;
    struct tls_set *set = listeners_tls(listeners);
    for (size_t i = 0; set != NULL && i < listeners->count; i++)
        has = has || tls_set_has(set, listeners->items[i].entry);
    tls_set_release(set);
    return has;
}

static bool begin_tls(struct listeners *listeners, const struct listener *listener, int fd, struct tls **tls)
{
    struct tls_set *set = listeners_tls(listeners);
    bool wanted = set != NULL && tls_set_has(set, listener->entry);
    *tls = wanted ? tls_new(set, listener->entry, fd) : NULL;
    tls_set_release(set);
    return *tls != NULL || !wanted;
}

enum listener_result listeners_accept(struct listeners *listeners, int *accepted, struct network *peer,
                                      struct tls **tls)
{
    union address address = {0};
    struct epoll_event event = {0};
    socklen_t length = sizeof address;
    if (epoll_wait(listeners->ready, &event, 1, 0) != 1)
        return LISTENER_NOBODY;
    const struct listener *listener = &listeners->items[event.data.u64];
    *accepted = accept4(listener->fd, &address.any, &length, SOCK_CLOEXEC);
    if (*accepted < 0)
        return errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM ? LISTENER_EXHAUSTED
                                                                                         : LISTENER_NOBODY;
    *peer = network_of(&address);
    if (begin_tls(listeners, listener, *accepted, tls))
        return LISTENER_GOOD;
    (void)close(*accepted);
    return LISTENER_EXHAUSTED;
}

/* ---- the end ---- */

static void pause_until(int64_t until_us)
{
    do
        clock_sleep_us(STEP_US);
    while (clock_monotonic_us() < until_us);
}

/* Established connections go on; where the kernel takes no filter, they are only refused less politely. */
static void drop_newcomers(struct listener *listener)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, TCP_FLAGS),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, SYN, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
    };
    const struct sock_fprog program = {.len = COUNT(code), .filter = code};
    if (listener->port > 0 && !listener->passed)
        (void)setsockopt(listener->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
    unix_path_remove(&listener->path);
}

static bool has_backlog(const struct listeners *listeners)
{
    for (size_t i = 0; i < listeners->count; i++) {
        struct pollfd ready = {.fd = listeners->items[i].fd, .events = POLLIN};
        if (!listeners->items[i].passed && poll(&ready, 1, 0) > 0)
            return true;
    }
    return false;
}

/* The socket's number stays taken, by a descriptor that is never ready: the thread that accepts may just be
 * about to use it. */
static void replace(const struct listeners *listeners, struct listener *listener)
{
    (void)epoll_ctl(listeners->ready, EPOLL_CTL_DEL, listener->fd, NULL);
    if (!listener->passed)
        (void)shutdown(listener->fd, SHUT_RDWR);
    (void)dup3(listeners->idle, listener->fd, O_CLOEXEC);
}

void listeners_stop(struct listeners *listeners)
{
    if (listeners->stopped)
        return;
    listeners->stopped = true;
    for (size_t i = 0; i < listeners->count; i++)
        drop_newcomers(&listeners->items[i]);
    int64_t began = clock_monotonic_us();
    pause_until(began + SETTLE_US);
    while (has_backlog(listeners) && clock_monotonic_us() < began + BACKLOG_US)
        pause_until(0);
    for (size_t i = 0; i < listeners->count; i++)
        replace(listeners, &listeners->items[i]);
}

void listeners_done(struct listeners *listeners)
{
    for (size_t i = 0; i < listeners->count; i++) {
        unix_path_remove(&listeners->items[i].path);
        if (listeners->items[i].fd >= 0)
            (void)close(listeners->items[i].fd);
    }
    if (listeners->ready >= 0)
        (void)close(listeners->ready);
    if (listeners->idle >= 0)
        (void)close(listeners->idle);
    tls_set_release(listeners->tls);
    listeners->tls = NULL;
    (void)pthread_mutex_destroy(&listeners->mutex);
    listeners->count = 0;
    listeners->ready = listeners->idle = -1;
}
