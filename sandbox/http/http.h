/* sandbox/http/http.h - one HTTP/1.1 request in, one answer out.
 *
 * A small strict parser: a test upstream had better refuse what a signer should not have sent. */
#ifndef SANDBOX_HTTP_HTTP_H
#define SANDBOX_HTTP_HTTP_H

#include "base/base.h"
#include "base/buf.h"
#include "sandbox/http/http_request.h"
#include "sandbox/http/stream.h"

enum {
    HTTP_CHUNK = 8192,
    HTTP_TYPE_SIZE = 128,
    HTTP_IDLE_MS = 60 * 1000, /* between two requests of a connection */
    HTTP_STEP_MS = 30 * 1000, /* between two pieces of one request, or of an answer */
};

/* What was read from the stream and not yet consumed. */
struct http_reader {
    struct stream *stream;
    size_t at;
    size_t end;
    char chunk[HTTP_CHUNK];
};

/* How an answer reaches, or fails to reach, the client. */
struct http_delivery {
    int delay_ms; /* before the first byte                          */
    int drip_ms;  /* when not 0: byte by byte, with this in between */
    bool hang;    /* nothing, until the client leaves               */
    bool cut;     /* after cut_at bytes the connection breaks       */
    size_t cut_at;
};

struct http_answer {
    int status;
    char type[HTTP_TYPE_SIZE];
    struct buf location; /* the Location header's value; empty: none */
    struct buf body;
    int64_t date; /* seconds since 1970 */
    struct http_delivery delivery;
};

void http_answer_init(struct http_answer *answer);
void http_answer_done(struct http_answer *answer);

/* HTTP_READ; HTTP_END when the connection ended, broke, or was idle too long; or the status (400, 413, 417,
 * 431, 501, 505) of a refusal, after which the connection is of no use. */
MUST_USE int http_read(struct http_reader *reader, struct http_request *request);

/* Sends the answer as its delivery says.  -1 when the connection is to be closed without a goodbye. */
MUST_USE int http_write(struct stream *stream, const struct http_request *request,
                        const struct http_answer *answer);

#endif
