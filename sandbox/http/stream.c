#include "sandbox/http/stream.h"

#include "base/time/clock.h"

#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

int64_t stream_clock(void)
{
    return clock_monotonic_us() / 1000;
}

/* 1: one of `events` is there; 0: the deadline passed; -1: the sandbox stops. */
static int await(const struct stream *stream, short events, int64_t deadline)
{
    for (;;) {
        struct pollfd fds[] = {{.fd = stream->stop_fd, .events = POLLIN},
                               {.fd = stream->fd, .events = events}};
        int64_t left = deadline - stream_clock();
        int ready = poll(fds, COUNT(fds), left > INT_MAX ? INT_MAX : left > 0 ? (int)left : 0);
        if (ready < 0 && errno != EINTR)
            return -1;
        if (ready > 0 && fds[0].revents != 0)
            return -1;
        if (ready > 0)
            return 1;
        if (ready == 0 && left <= 0)
            return 0;
    }
}

/* What OpenSSL waits for after `result`; 0: nothing, it has failed. */
static short wanted_events(const struct stream *stream, int result)
{
    switch (SSL_get_error(stream->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        return POLLIN;
    case SSL_ERROR_WANT_WRITE:
        return POLLOUT;
    default:
        return 0;
    }
}

static int shake_hands(struct stream *stream, int millis)
{
    int64_t deadline = stream_clock() + millis;
    for (;;) {
        ERR_clear_error();
        int result = SSL_accept(stream->ssl);
        if (result == 1)
            return 0;
        short events = wanted_events(stream, result);
        if (events == 0 || await(stream, events, deadline) <= 0)
            return -1;
    }
}

int stream_open(struct stream *stream, int fd, int stop_fd, SSL_CTX *tls, int millis)
{
    *stream = (struct stream){.fd = fd, .stop_fd = stop_fd};
    if (tls == NULL)
        return 0;
    stream->ssl = SSL_new(tls);
    if (stream->ssl != NULL && SSL_set_fd(stream->ssl, fd) == 1 && shake_hands(stream, millis) == 0)
        return 0;
    stream_close(stream, false);
    return -1;
}

void stream_close(struct stream *stream, bool polite)
{
    if (stream->ssl != NULL && polite) {
        ERR_clear_error();
        (void)SSL_shutdown(stream->ssl);
    }
    SSL_free(stream->ssl);
    (void)close(stream->fd);
    *stream = (struct stream){.fd = -1, .stop_fd = -1};
}

void stream_linger(struct stream *stream)
{
    enum { LINGER_MS = 1000, LINGER_READS = 1000 };
    char bytes[2048];
    int64_t deadline = stream_clock() + LINGER_MS;
    (void)shutdown(stream->fd, SHUT_WR);
    for (int i = 0; i < LINGER_READS; i++) {
        ssize_t got = recv(stream->fd, bytes, sizeof bytes, 0);
        if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
            return;
        if (got < 0 && await(stream, POLLIN, deadline) <= 0)
            return;
    }
}

/* What read() and SSL_read() have in common: >0 bytes, 0 the end, -1 broken, -2 with `events` to wait for. */
static int read_once(struct stream *stream, char *bytes, int size, short *events)
{
    if (stream->ssl == NULL) {
        ssize_t got = recv(stream->fd, bytes, (size_t)size, 0);
        *events = POLLIN;
        return got >= 0 ? (int)got : errno == EAGAIN || errno == EINTR ? -2 : -1;
    }
    ERR_clear_error();
    int got = SSL_read(stream->ssl, bytes, size);
    if (got > 0)
        return got;
    if (SSL_get_error(stream->ssl, got) == SSL_ERROR_ZERO_RETURN)
        return 0;
    *events = wanted_events(stream, got);
    return *events != 0 ? -2 : -1;
}

int stream_read(struct stream *stream, char *bytes, int size, int millis)
{
    int64_t deadline = stream_clock() + millis;
    for (;;) {
        short events = POLLIN;
        int got = read_once(stream, bytes, size, &events);
        if (got != -2)
            return got;
        if (await(stream, events, deadline) <= 0)
            return -1;
    }
}

static int write_once(struct stream *stream, const char *bytes, size_t length, short *events)
{
    int size = length > INT_MAX ? INT_MAX : (int)length;
    if (stream->ssl == NULL) {
        ssize_t put = send(stream->fd, bytes, (size_t)size, MSG_NOSIGNAL);
        *events = POLLOUT;
        return put >= 0 ? (int)put : errno == EAGAIN || errno == EINTR ? -2 : -1;
    }
    ERR_clear_error();
    int put = SSL_write(stream->ssl, bytes, size);
    if (put > 0)
        return put;
    *events = wanted_events(stream, put);
    return *events != 0 ? -2 : -1;
}

int stream_write(struct stream *stream, const char *bytes, size_t length, int millis)
{
    while (length > 0) {
        short events = POLLOUT;
        int put = write_once(stream, bytes, length, &events);
        if (put >= 0) {
            bytes += put;
            length -= (size_t)put;
        } else if (put == -1 || await(stream, events, stream_clock() + millis) <= 0) {
            return -1;
        }
    }
    return 0;
}

int stream_wait(struct stream *stream, int millis, bool leave)
{
    short events = leave ? POLLRDHUP : 0;
    struct stream watched = *stream;
    if (!leave)
        watched.fd = -1; /* poll() tells POLLHUP unasked; a negative descriptor is left out */
    return await(&watched, events, stream_clock() + millis) == 0 ? 0 : -1;
}
