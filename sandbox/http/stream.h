/* sandbox/http/stream.h - one connection's bytes, plain or TLS, with deadlines; everything ends when the
 * sandbox stops.
 *
 * A stream belongs to one thread. */
#ifndef SANDBOX_HTTP_STREAM_H
#define SANDBOX_HTTP_STREAM_H

#include "base/base.h"

#include <openssl/types.h>

struct stream {
    int fd;      /* non-blocking                                          */
    int stop_fd; /* readable once the sandbox stops; not the stream's own */
    SSL *ssl;    /* NULL: plain                                           */
};

/* Monotonic milliseconds. */
int64_t stream_clock(void);

/* Takes `fd`; `tls` may be NULL.  The handshake, if any, has `millis`.  -1 (and `fd` is closed) when it
 * fails. */
MUST_USE int stream_open(struct stream *stream, int fd, int stop_fd, SSL_CTX *tls, int millis);

/* `polite` says goodbye on TLS; otherwise the peer sees a connection that broke. */
void stream_close(struct stream *stream, bool polite);

/* Before a close with bytes still unread: a reset must not overtake the answer.  Waits a little for the
 * peer. */
void stream_linger(struct stream *stream);

/* 1 to `size` bytes; 0: the peer has ended; -1: broken, late (`millis`), or the sandbox stops. */
MUST_USE int stream_read(struct stream *stream, char *bytes, int size, int millis);

/* All of it, with `millis` for every step that makes progress. */
MUST_USE int stream_write(struct stream *stream, const char *bytes, size_t length, int millis);

/* Waits; -1 at once when the sandbox stops or, with `leave`, when the peer leaves. */
int stream_wait(struct stream *stream, int millis, bool leave);

#endif
