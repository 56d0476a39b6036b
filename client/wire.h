/* client/wire.h - one HTTP exchange with a gateway.  The only file of this room that has met libcurl is
 * wire.c. */
#ifndef CLIENT_WIRE_H
#define CLIENT_WIRE_H

#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "client/order.h"

enum {
    WIRE_ANSWER_MAX = 17 * 1024 * 1024, /* a gateway's own bound */
    WIRE_TIMEOUT_S = 60, /* a gateway's deadline for a call is 25 s unless somebody changed it */
    WIRE_FIELD_SIZE = 256,
};

struct wire;

/* Keeps its connection from one exchange to the next.  `order` is borrowed.  NULL with the reason. */
MUST_USE struct wire *wire_open(const struct order *order, struct err *err);
void wire_close(struct wire *wire);

struct wire_request {
    const char *method;
    const char *target;     /* path and query */
    const struct buf *body; /* JSON, or NULL */
    int prefer_wait_s;      /* 0: no Prefer */
    /* Called about once a second while it lasts, or NULL. */
    void (*tick)(void *context);
    void *context;
};

struct wire_answer {
    long status;
    char type[WIRE_FIELD_SIZE];       /* media type, without parameters; "" */
    char location[WIRE_FIELD_SIZE];   /* "" */
    char request_id[WIRE_FIELD_SIZE]; /* "" */
    struct buf body;                  /* the owner's: buf_init() before, buf_done() after */
};

enum wire_result {
    WIRE_ANSWERED,
    WIRE_NOT_SENT, /* not a byte of the request has left */
    WIRE_LOST,     /* sent, and no whole answer came */
};

/* Everything but WIRE_ANSWERED has its reason in `err`. */
enum wire_result wire_exchange(struct wire *wire, const struct wire_request *request,
                               struct wire_answer *answer, struct err *err);

#endif
