/* client/admin_call.h - one request of an operator to the admin listener of a gateway. */
#ifndef CLIENT_ADMIN_CALL_H
#define CLIENT_ADMIN_CALL_H

#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"

#define ADMIN_CALL_URL "http://127.0.0.1:9090"

enum { ADMIN_CALL_LOOK_S = 5 }; /* a probe waits no longer */

struct admin_call {
    char *url;              /* NULL: COUNTERSIGN_ADMIN_URL, or ADMIN_CALL_URL */
    const char *token_file; /* NULL: COUNTERSIGN_TOKEN has the operator's token */
    const char *ca_file;    /* NULL: the system's */
};

/* 0: `answer` has the body of a 200.  -1: `err` says what the gateway did, or that it was not reached;
 * where a change was sent and no answer came it may have been made. */
MUST_USE int admin_call_send(const struct admin_call *call, const char *method, const char *path,
                             const struct buf *body, struct buf *answer, struct err *err);

/* GET of a page that takes no token, for at most ADMIN_CALL_LOOK_S.  0: `status`, and the body in `answer`;
 * -1: it was not reached. */
MUST_USE int admin_call_look(const struct admin_call *call, const char *path, long *status,
                             struct buf *answer, struct err *err);

#endif
