/* client/attempts.h - a request, and where that is safe the same request again.
 *
 * A change has an Idempotency-Key: the gateway sends it to the cloud once, however often it is asked.  So a
 * change whose connection was lost, or that was answered 502 or 503, is asked for again under its key,
 * ATTEMPTS_MAX times in all.  Once an earlier attempt may have been executed the field Idempotency-Repeat
 * says so: a gateway whose memory has forgotten the key then sends nothing.  A read goes once: it can be run
 * again by the one who ran it. */
#ifndef CLIENT_ATTEMPTS_H
#define CLIENT_ATTEMPTS_H

#include "client/client.h"
#include "client/http.h"

enum {
    ATTEMPTS_MAX = 3,
    ATTEMPTS_FIRST_PAUSE_MS = 250, /* four times as long each time: an edge needs a second to see a death */
    ATTEMPTS_UNDER_WAY_MS = 1000,  /* between two looks whether an earlier attempt has ended, */
    ATTEMPTS_UNDER_WAY_S = 60, /* and for how long: a gateway's deadline is 25 s unless somebody changed it */
};

/* Puts a key into `order` where it is a change and none was given. */
MUST_USE int attempts_key(struct options *order, struct err *err);

/* The last attempt's answer and meaning, as exit_code_of(); CLIENT_UNKNOWN where an earlier one may have been
 * executed and the last one does not tell. */
enum client_exit attempts_make(const struct options *order, struct http *wire, struct http_request *request,
                               struct http_answer *answer, struct buf *sentence);

#endif
