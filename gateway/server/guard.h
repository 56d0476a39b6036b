/* gateway/server/guard.h - who is in: every open connection of one listener, what it waits for, and until
 * when.
 *
 * A worker belongs to its connection until that closes, so whoever dawdles takes a worker from the others.
 * The guard gives every wait for a client a deadline and ends it on time, whether bytes drip in or nothing
 * comes at all; when places are short, it sends away who has kept us waiting longest.  It answers by itself
 * those whom no worker could take soon.
 *
 * The acceptor's thread admits; the worker that serves a connection says what it waits for and when it
 * leaves; the guard's own thread looks after all.  A connection ends by shutdown(2) only: its descriptor is
 * closed by its owner, after guard_leave(). */
#ifndef GATEWAY_SERVER_GUARD_H
#define GATEWAY_SERVER_GUARD_H

#include "base/base.h"
#include "base/err.h"
#include "gateway/server/inbox.h"
#include "gateway/http/problem.h"

#include <netinet/in.h>

enum {
    GUARD_HEADER_MS = 5000, /* from the connection's begin, or the last answer, to the end of a header      */
    GUARD_BODY_MS = 10000,  /* 64 KiB in 10 s: slower clients are cut                                       */
    GUARD_WRITE_MS = 10000, /* for a client to take an answer                                               */
    GUARD_QUEUE_MS = 25,    /* for a worker: longer only hides an overload, whose answer is due in 50 ms    */
    GUARD_ADMIN_QUEUE_MS = 1000, /* on the admin listener: a probe waits for a second, and must not fail    */
    GUARD_LINGER_MS = 1000, /* for a refused client to read its answer before unread bytes reset it         */
    GUARD_PATIENCE_MS = 500, /* when places are short, who has kept us waiting for longer may have to go,   */
    GUARD_NEWCOMER_MS = 25,  /* or for so long with a first header, which comes with the connection         */
    GUARD_FRESH_MS =
        2000, /* when we end, a connection that never asked may still; an idle one has the patience */
    GUARD_PLACES_MAX = 65000, /* a place is told to CivetWeb as a port number */
};

/* What an open connection waits for. */
enum guard_wait {
    GUARD_FOR_WORKER,
    GUARD_FOR_HEADER, /* also idle between two requests */
    GUARD_FOR_BODY,
    GUARD_FOR_READER, /* the client, to take its answer */
    GUARD_FOR_CLOSE,  /* the client, to close after an answer that ends the connection */
    GUARD_FOR_US,     /* no deadline here: the walk has its own */
    GUARD_ANSWERED,   /* by the guard: it must only be closed */
};

struct guard;

/* What one listener can do. */
struct guard_limits {
    size_t workers;     /* connections that are served at a time */
    size_t places;      /* that can be open, at least 4: guard_places(), or what descriptors allow */
    size_t per_address; /* from one address; 0: three quarters of the workers, but any number from loopback,
                           where proxies live */
    size_t unasked;     /* of these, on which no request has come yet; 0: any number */
    int queue_ms;       /* for a worker to come free */
};

struct guard_counts {
    size_t open;                  /* now */
    unsigned long long refused;   /* answered 503 or 429 before any worker saw them */
    unsigned long long late;      /* ended at a deadline */
    unsigned long long displaced; /* ended to make room */
};

/* So many places are enough: one for each worker, and as many again for those who wait a moment for one. */
size_t guard_places(size_t workers);

/* `limits` is copied. */
MUST_USE struct guard *guard_new(const struct guard_limits *limits, struct err *err);
void guard_free(struct guard *guard);

/* A new connection: its place, from 1 on; 0 when it was answered, and the caller has to close it. */
MUST_USE unsigned guard_admit(struct guard *guard, int fd, struct in_addr source);

/* A worker has taken a connection from CivetWeb's queue, whichever it is: they come in the order in which
 * they were admitted. */
void guard_enter(struct guard *guard);

/* A worker has a request: false when the connection was answered instead, and nothing may be done for it. */
MUST_USE bool guard_begin(struct guard *guard, unsigned place);

/* The worker that serves the place tells what it waits for from now on. */
void guard_wait(struct guard *guard, unsigned place, enum guard_wait wait);

/* Was it ended, at a deadline or to make room? */
bool guard_has_ended(const struct guard *guard, unsigned place);

/* The place's descriptor, and what its client has sent: taken at the first call, NULL when there is no memory
 * for it, and given back, wiped, by guard_leave(). */
int guard_fd(const struct guard *guard, unsigned place);
MUST_USE struct inbox *guard_inbox(struct guard *guard, unsigned place);

/* Answers by itself, without waiting. */
void guard_refuse(struct guard *guard, unsigned place, enum problem problem, const char *detail);

/* Waits so long for the client to close its side or to break off.  One that only says no more is treated
 * alike: nothing tells them apart before something is written. */
bool guard_sees_leave(struct guard *guard, unsigned place, int millis);

/* Reads and forgets what a refused client still sends, for a moment and not for ever: closing with bytes
 * unread would reset the connection under the answer (RFC 9112 section 9.6). */
void guard_linger(struct guard *guard, unsigned place);

/* Before the descriptor is closed.  The place may be given to another from here on. */
void guard_leave(struct guard *guard, unsigned place);

/* More than three quarters of the workers are taken: answers should end their connections. */
bool guard_is_crowded(const struct guard *guard);

/* From now on connections that are idle are ended. */
void guard_drain(struct guard *guard);

/* From now on nobody is waited for: every wait for a client ends at once. */
void guard_close(struct guard *guard);

/* Sends away who has kept us waiting longest, if anybody has for GUARD_PATIENCE_MS: descriptors are short. */
void guard_make_room(struct guard *guard);

void guard_count(struct guard *guard, struct guard_counts *counts);

#endif
