#include "sandbox/command/listener.h"

#include "sandbox/http/number.h"
#include "sandbox/command/threads.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LISTENER_BACKLOG = 1024, LISTENER_FULL_MS = 20 };

struct listener {
    int fd;
    SSL_CTX *tls; /* NULL: plain */
};

struct place_of {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } address;
    socklen_t length;
};

/* Cuts "[::1]:80" or "127.0.0.1:80" into its two parts. */
static bool split(const char *address, char host[INET6_ADDRSTRLEN], long long *port)
{
    const char *colon = strrchr(address, ':');
    size_t length = colon == NULL ? 0 : (size_t)(colon - address);
    if (length == 0 || !number_parse(colon + 1, 0, UINT16_MAX, port))
        return false;
    if (length > 2 && address[0] == '[' && address[length - 1] == ']') {
        address++;
        length -= 2;
    }
    if (length >= INET6_ADDRSTRLEN)
        return false;
    memcpy(host, address, length);
    host[length] = '\0';
    return true;
}

static int find_place(const char *address, struct place_of *place, struct err *err)
{
    char host[INET6_ADDRSTRLEN];
    long long port = 0;
    *place = (struct place_of){0};
    if (!split(address, host, &port))
        return err_set(err, ERR_INPUT, "'%.80s' is not an address such as 127.0.0.1:9443", address);
    if (inet_pton(AF_INET, host, &place->address.v4.sin_addr) == 1) {
        place->address.v4.sin_family = AF_INET;
        place->address.v4.sin_port = htons((uint16_t)port);
        place->length = sizeof place->address.v4;
        if (ntohl(place->address.v4.sin_addr.s_addr) >> 24 == 127)
            return 0;
    } else if (address[0] == '[' && inet_pton(AF_INET6, host, &place->address.v6.sin6_addr) == 1) {
        place->address.v6.sin6_family = AF_INET6;
        place->address.v6.sin6_port = htons((uint16_t)port);
        place->length = sizeof place->address.v6;
        if (IN6_IS_ADDR_LOOPBACK(&place->address.v6.sin6_addr))
            return 0;
    }
    return err_set(err, ERR_INPUT,
                   "'%.80s' is not a loopback address: the sandbox takes 127.x.x.x and [::1] only", address);
}

int listener_check(const char *address, struct err *err)
{
    struct place_of place;
    return find_place(address, &place, err);
}

static int bind_to(struct listener *listener, const char *address, struct err *err)
{
    struct place_of place;
    int yes = 1;
    if (find_place(address, &place, err) != 0)
        return -1;
    listener->fd = socket(place.address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listener->fd < 0 || setsockopt(listener->fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
        bind(listener->fd, &place.address.any, place.length) != 0 ||
        listen(listener->fd, LISTENER_BACKLOG) != 0)
        return err_set(err, ERR_SYSTEM, "cannot listen on %.80s: %s", address, strerror(errno));
    return 0;
}

static int tls_error(struct err *err, const char *path)
{
    char text[160];
    ERR_error_string_n(ERR_get_error(), text, sizeof text);
    ERR_clear_error();
    return err_set(err, ERR_CRYPTO, "%.120s: %s", path, text);
}

static int load_tls(struct listener *listener, const struct listener_options *options, struct err *err)
{
    if (options->cert == NULL)
        return 0;
    listener->tls = SSL_CTX_new(TLS_server_method());
    if (listener->tls == NULL || SSL_CTX_set_min_proto_version(listener->tls, TLS1_2_VERSION) != 1)
        return tls_error(err, "TLS");
    SSL_CTX_set_mode(listener->tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    if (SSL_CTX_use_certificate_chain_file(listener->tls, options->cert) != 1)
        return tls_error(err, options->cert);
    if (SSL_CTX_use_PrivateKey_file(listener->tls, options->key, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(listener->tls) != 1)
        return tls_error(err, options->key);
    return 0;
}

struct listener *listener_open(const struct listener_options *options, struct err *err)
{
    struct listener *listener = calloc(1, sizeof *listener);
    if (listener == NULL) {
        (void)err_memory(err);
        return NULL;
    }
    listener->fd = -1;
    if (load_tls(listener, options, err) == 0 && bind_to(listener, options->address, err) == 0)
        return listener;
    listener_close(listener);
    return NULL;
}

void listener_close(struct listener *listener)
{
    if (listener == NULL)
        return;
    if (listener->fd >= 0)
        (void)close(listener->fd);
    SSL_CTX_free(listener->tls);
    free(listener);
}

void listener_url(const struct listener *listener, char out[LISTENER_URL_SIZE])
{
    struct place_of place = {.length = sizeof place.address};
    char host[INET6_ADDRSTRLEN] = "";
    const char *scheme = listener->tls == NULL ? "http" : "https";
    (void)getsockname(listener->fd, &place.address.any, &place.length);
    if (place.address.any.sa_family == AF_INET6) {
        (void)inet_ntop(AF_INET6, &place.address.v6.sin6_addr, host, sizeof host);
        (void)snprintf(out, LISTENER_URL_SIZE, "%s://[%s]:%u", scheme, host,
                       ntohs(place.address.v6.sin6_port));
    } else {
        (void)inet_ntop(AF_INET, &place.address.v4.sin_addr, host, sizeof host);
        (void)snprintf(out, LISTENER_URL_SIZE, "%s://%s:%u", scheme, host, ntohs(place.address.v4.sin_port));
    }
}

static void accept_one(const struct listener *listener, struct threads *crew)
{
    int yes = 1;
    int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
        if (errno == EMFILE || errno == ENFILE)
            (void)poll(NULL, 0, LISTENER_FULL_MS); /* it would be ready again at once */
        return;
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    threads_take(crew, fd);
}

void listener_serve(struct listener *listener, struct settings *service, int end_fd)
{
    struct threads *crew = threads_new(LISTENER_CONNECTIONS_MAX, listener->tls, service);
    struct pollfd fds[] = {{.fd = end_fd, .events = POLLIN}, {.fd = listener->fd, .events = POLLIN}};
    while (crew != NULL && fds[0].revents == 0) {
        bool room = threads_has_room(crew);
        fds[1].revents = 0;
        int ready =
            poll(fds, room ? 2 : 1, room ? -1 : LISTENER_FULL_MS); /* when full, they wait in the backlog */
        if (ready > 0 && fds[1].revents != 0)
            accept_one(listener, crew);
    }
    threads_free(crew);
}
