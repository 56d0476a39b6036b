/* gateway/http/handler.h - who answers the requests of a listener, and what he is lent for each.
 *
 * A listener knows sockets, deadlines and the framing of HTTP; a handler knows what a request means. */
#ifndef GATEWAY_HTTP_HANDLER_H
#define GATEWAY_HTTP_HANDLER_H

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "gateway/http/certificate_names.h"
#include "gateway/http/problem.h"
#include "gateway/http/request_head.h"

/* The connection that a request came on, as far as it concerns its handler. */
struct peer {
    void *connection;
    /* Up to `size` bytes of the body: `*got` of them, 0 at its end.  Otherwise how the request is refused,
     * with the sentence in `err`: the body did not come in time, or is not framed as it must be. */
    enum problem (*read)(void *connection, char *bytes, size_t size, size_t *got, struct err *err);
    /* All of it, or -1: the client is gone. */
    int (*write)(void *connection, const char *bytes, size_t size);
    /* Waits for `millis`; true as soon as the client has gone, or says no more. */
    bool (*gone)(void *connection, int millis);
};

/* One request; everything is lent until serve() returns.
 *
 * A request may also wait without a thread: then serve() is called again for the same visit, perhaps by
 * another thread; `head`, `source`, `certificate` and what lies in the arena are still the same. */
struct visit {
    const struct request_head *head; /* also one that is refused: see its `problem` */
    const struct peer *peer;
    const char *source;                          /* the peer's address */
    const struct certificate_names *certificate; /* that it showed and that is good; NULL: none */
    struct arena *arena;                         /* empty */
    struct buf *reply;                           /* empty */
    bool ends;                                   /* places are short: the answer should end the connection */
    bool last;                                   /* it cannot wait: it is to be answered now */

    /* what the handler says */
    int status;
    bool close; /* nothing may be read behind this request */
    /* Not answered yet: serve() is to be called again at this time (monotonic, us), or earlier, when the
     * client has gone or nobody may wait any more.  0: it is answered.  Never with `last`. */
    int64_t again_us;
    void *state; /* his own, in the arena; NULL until he has set it */
};

/* Answers exactly once, whatever the request is; called by many threads, for one visit by one at a time. */
struct handler {
    void (*serve)(void *context, struct visit *visit);
    void *context;
    size_t reply_max; /* ceiling of a visit's reply */
};

#endif
