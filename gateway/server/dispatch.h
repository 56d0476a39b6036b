/* gateway/server/dispatch.h - which worker serves which request.
 *
 * Connections whose next request is there are served in the order in which those came, behind requests that
 * have had a worker before.  Of idle workers the one is called that was busy last, whose memory is warm.
 *
 * A few idle workers may watch for requests by themselves: whom the kernel tells of one serves it, and no
 * other thread has to wake in between.  While nobody watches somebody else must, and puts what he finds: all
 * are busy, or so many requests wait that processors are short.  Then idle workers rest until it is calm.
 * Used by many threads; the workers live as long as the dispatcher does. */
#ifndef GATEWAY_SERVER_DISPATCH_H
#define GATEWAY_SERVER_DISPATCH_H

#include "base/base.h"
#include "base/err.h"

#include <pthread.h>

struct dispatch;

enum {
    DISPATCH_WATCHING = 2, /* at a time; more would wait for each other at the kernel's lock of the events */
    DISPATCH_CALL = 0,     /* an event that calls a worker, and is no connection's */
};

/* Where workers watch, and what they do there; `context` is lent until no worker takes any more. */
struct dispatch_watch {
    int events;                                   /* epoll(7), an event's `u64` is the place */
    unsigned (*take)(void *context, unsigned at); /* after an event: the place, or 0: there is no request */
    void (*last_left)(void *context);             /* nobody watches, for now */
    void *context;
};

/* What a worker waits with.  Its fields are dispatch.c's. */
struct dispatch_worker {
    pthread_cond_t turn;
    struct dispatch_worker *next; /* of those that are idle */
    bool called;                  /* there is work for it */
    bool there;                   /* it has come for work, ever */
    bool busy;                    /* it has a request */
};

/* For so many workers, and at most so many connections that wait at a time, of either kind. */
MUST_USE struct dispatch *dispatch_new(size_t workers, size_t connections, struct err *err);
void dispatch_free(struct dispatch *dispatch);

MUST_USE int dispatch_worker_init(struct dispatch_worker *worker);
void dispatch_worker_done(struct dispatch_worker *worker);

/* Workers that become idle watch there from now on.  Once. */
MUST_USE int dispatch_watch(struct dispatch *dispatch, const struct dispatch_watch *watch, struct err *err);

/* Somebody watches, or has got an event a moment before. */
bool dispatch_is_watched(const struct dispatch *dispatch);

/* By another thread that has got DISPATCH_CALL there: it was meant for a worker. */
void dispatch_call(struct dispatch *dispatch);

/* A connection at this place, from 1 on, has a request. */
void dispatch_put(struct dispatch *dispatch, unsigned place);

/* A connection whose request has waited, and goes on now: it is taken before the others, and never taken
 * back. */
void dispatch_put_again(struct dispatch *dispatch, unsigned place);

/* Waits for a request: the place of its connection; 0: there will be none. */
unsigned dispatch_take(struct dispatch *dispatch, struct dispatch_worker *worker);

/* May a worker wait a little for the next request of its connection?  While half of them are idle, and not
 * when many requests have just waited: those that come are for all workers then. */
bool dispatch_may_linger(const struct dispatch *dispatch);

/* The worker does so, and has a request again when `lingers` is false. */
void dispatch_linger(struct dispatch *dispatch, struct dispatch_worker *worker, bool lingers);

/* Connections that wait for a worker. */
size_t dispatch_waiting(const struct dispatch *dispatch);

/* Every worker has a request: otherwise one is on its way, however slow the machine is just now. */
bool dispatch_is_full(const struct dispatch *dispatch);

/* Takes the connection back that waits longest for its first worker, where every worker has a request, and it
 * waits since before `before_us` and no worker has taken any since then; or since before `long_before_us`.
 * Otherwise 0.  Times are the monotonic clock's. */
unsigned dispatch_take_back(struct dispatch *dispatch, int64_t before_us, int64_t long_before_us);

/* Every worker has come for work. */
bool dispatch_is_complete(const struct dispatch *dispatch);

/* From now on there is no work. */
void dispatch_close(struct dispatch *dispatch);

#endif
