/* gateway/admin/desk.h - what the admin listener says to a request, from its head to the bytes. */
#ifndef GATEWAY_ADMIN_DESK_H
#define GATEWAY_ADMIN_DESK_H

#include "gateway/http/handler.h"

enum { DESK_PAGE_MAX = 32 * 1024 * 1024 }; /* SERIES_MAX series of 300 bytes */

enum { DESK_COOKIE = 256 };

enum { DESK_BODY_MAX = 8 * 1024 }; /* what an operator says: a name and a sentence */

/* One plain answer. */
struct desk_answer {
    int status;
    const char *type;         /* media type */
    const char *allow;        /* for a 405 and a 204, else NULL */
    int64_t wait_us;          /* of a 429, until it may be asked again */
    const char *fields;       /* further lines of the head, each ended; or NULL */
    const char *location;     /* of a 303, else NULL */
    char cookie[DESK_COOKIE]; /* to be set; "": none */
    struct buf body;
};

/* `answer` fills an answer to a head that is good, whose body is initialised and freed by the desk; `knows`:
 * is that Host one of the listener's? */
struct desk {
    void (*answer)(void *context, struct visit *visit, struct desk_answer *answer);
    bool (*knows)(void *context, const char *host);
    void *context;
};

/* Answers the visit; the connection ends with it.  `context` is a struct desk. */
void desk_serve(void *context, struct visit *visit);

/* A problem (RFC 9457), with its sentence. */
void desk_put_problem(struct desk_answer *answer, int status, const char *detail);

/* The request's body, in the visit's arena and ended by NUL.  NULL after a problem was put: there is none, it
 * is too long, did not come, or is no JSON by its Content-Type. */
MUST_USE const char *desk_body(struct visit *visit, size_t *length, struct desk_answer *answer);

/* The same for a form of at most `most` bytes: application/x-www-form-urlencoded. */
MUST_USE const char *desk_form(struct visit *visit, size_t most, struct desk_answer *answer);

/* Is the path one of the console's pages? */
bool desk_is_console(const char *path);

#endif
