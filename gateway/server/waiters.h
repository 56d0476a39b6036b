/* gateway/server/waiters.h - requests that wait for a time, without a worker: what each has to go on with,
 * and when.
 *
 * Their connections are parked, and belong to the thread of parking.c, which calls a worker when the time has
 * come or the client has gone.  Of the workers half at most are called for a time, so that the others are
 * there for those who come.  Safe from many threads. */
#ifndef GATEWAY_SERVER_WAITERS_H
#define GATEWAY_SERVER_WAITERS_H

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "gateway/connection/connection.h"

/* What goes on. */
struct waiter {
    struct connection connection;
    struct arena *arena; /* its own */
    void *state;         /* the handler's, in the arena */
};

struct waiters;

/* For connections at places up to `places`. */
MUST_USE struct waiters *waiters_new(size_t places, size_t workers, struct err *err);

/* Frees also who still waits. */
void waiters_free(struct waiters *waiters);

/* Of one that nobody has any more; NULL is none. */
void waiters_drop(struct waiter *waiter);

/* Parks the connection, and takes the waiter until `at_us` (monotonic).  False when the kernel cannot watch
 * it: both stay with who asks. */
MUST_USE bool waiters_put(struct waiters *waiters, struct waiter *waiter, int64_t at_us);

/* By a worker that was given the place: who waited there; NULL: nobody, its request has just come. */
struct waiter *waiters_take(struct waiters *waiters, unsigned place);

/* The worker has done for now what it was called for. */
void waiters_end(struct waiters *waiters);

/* Whose time has come, for a worker to be called for: its place; 0: nobody's, or not now. */
unsigned waiters_due(struct waiters *waiters, int64_t now_us);

/* The same for one whose client has gone.  False: it does not wait any more. */
bool waiters_call(struct waiters *waiters, unsigned place);

/* When to ask again; INT64_MAX: nobody waits. */
int64_t waiters_next_us(struct waiters *waiters);

/* Everybody's time has come, and does so at once from now on. */
void waiters_hurry(struct waiters *waiters);

/* Of what is left when there are no workers any more; NULL: nothing. */
struct waiter *waiters_take_any(struct waiters *waiters);

#endif
