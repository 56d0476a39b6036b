/* gateway/door/door.h - a way in and a way out: what a caller says, and how it is answered.
 *
 * All doors share the pipeline.  A door tells it where the token is, which route or action is meant, how the
 * call is written, and how an answer looks to its callers.  Verdicts, limits, deadlines and records are the
 * pipeline's, and the same through every door.
 *
 * A new door is a file with a `struct door`, and its line in doors.c. */
#ifndef GATEWAY_DOOR_DOOR_H
#define GATEWAY_DOOR_DOOR_H

#include "gateway/exchange/exchange.h"

/* What is written back.  x->status is what the log says; a door may put another on the wire. */
struct door_content {
    int status;
    const char *type; /* media type; NULL: no content */
    const char *bytes;
    size_t length;
    void (*put)(struct buf *out, const struct exchange *x); /* instead of `bytes`, or NULL */
};

struct door {
    const char *name; /* to the log; NULL: the route tells it */

    /* Is the request for this door?  Asked first of all: x->head may have been refused, and x->target is not
     * read yet. */
    bool (*takes)(const struct exchange *x);

    /* What is said about the body, before its caller is known.  Who reads the body here sets x->received. */
    enum problem (*accept)(struct exchange *x);
    bool loose_host; /* its callers may write a scheme or a path around the host of their Host field */

    /* Writes x->route, or x->page, or x->path_exists; PROBLEM_NONE also where there is none. */
    enum problem (*route)(struct exchange *x);
    bool builtins;       /* it has the gateway's own pages, too */
    const char *methods; /* what its paths take; NULL: what their routes and pages do */

    /* The caller's token, or NULL; and what is said to a caller that has no good one. */
    enum problem (*token)(struct exchange *x, const char **token, size_t *length);
    const char *unauthenticated;

    /* What a known caller is told where there is neither route nor page; PROBLEM_NONE: translate() decides.
     */
    enum problem (*unrouted)(struct exchange *x);

    /* Writes x->call, sealed, and x->route where that was not known before; or x->own, and the walk ends. */
    enum problem (*translate)(struct exchange *x);

    /* Always, last: how x ended (x->problem, x->own, x->answer), as `content`.  What has to be put together
     * goes into `space`. */
    void (*reply)(struct exchange *x, struct buf *space, struct door_content *content);
};

/* Stages. */
enum problem door_route(struct exchange *x);
enum problem door_translate(struct exchange *x);

#endif
