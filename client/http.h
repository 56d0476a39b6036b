/* client/http.h - one HTTP exchange with a gateway.  The only file of this room that has met libcurl is
 * http.c. */
#ifndef CLIENT_HTTP_H
#define CLIENT_HTTP_H

#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "client/options.h"

enum {
    HTTP_ANSWER_MAX = 17 * 1024 * 1024, /* a gateway's own bound */
    HTTP_TIMEOUT_S = 60, /* a gateway's deadline for a call is 25 s unless somebody changed it */
    HTTP_FIELD_SIZE = 256,
};

struct http;

/* Keeps its connection from one exchange to the next.  `order` is borrowed.  NULL with the reason. */
MUST_USE struct http *http_open(const struct options *order, struct err *err);
void http_close(struct http *wire);

struct http_request {
    const char *method;
    const char *target;     /* path and query */
    const struct buf *body; /* JSON, or NULL */
    int prefer_wait_s;      /* 0: no Prefer */
    const char *key;        /* Idempotency-Key; NULL: none */
    bool repeats;           /* an earlier request with this key may have been executed */
    int timeout_s;          /* for all of it; 0: HTTP_TIMEOUT_S and what it may wait */
    /* Called about once a second while it lasts, or NULL. */
    void (*tick)(void *context);
    void *context;
};

struct http_answer {
    long status;
    char type[HTTP_FIELD_SIZE];       /* media type, without parameters; "" */
    char location[HTTP_FIELD_SIZE];   /* "" */
    char request_id[HTTP_FIELD_SIZE]; /* "" */
    bool replayed;                    /* it says that it is that of an earlier request */
    struct buf body;                  /* the owner's: buf_init() before, buf_done() after */
};

enum http_result {
    HTTP_ANSWERED,
    HTTP_NOT_SENT, /* not a byte of the request has left */
    HTTP_LOST,     /* sent, and no whole answer came */
};

/* Everything but HTTP_ANSWERED has its reason in `err`. */
enum http_result http_exchange(struct http *wire, const struct http_request *request,
                               struct http_answer *answer, struct err *err);

#endif
