/* gateway/server/connections.h - who is in: every open connection of one listener, what it waits for, and
 * until when.
 *
 * A worker belongs to its connection until that closes, so whoever dawdles takes a worker from the others.
 * The guard gives every wait for a client a deadline and ends it on time, whether bytes drip in or nothing
 * comes at all; when places are short, it sends away who has kept us waiting longest.  It answers by itself
 * those whom no worker could take soon.
 *
 * The acceptor's thread admits; the worker that serves a connection says what it waits for and when it
 * leaves; the guard's own thread looks after all.  A connection ends by shutdown(2) only: its descriptor is
 * closed by its owner, after connections_leave(). */
#ifndef GATEWAY_SERVER_CONNECTIONS_H
#define GATEWAY_SERVER_CONNECTIONS_H

#include "base/base.h"
#include "base/err.h"
#include "base/network.h"
#include "gateway/http/problem.h"
#include "gateway/server/inbox.h"

enum {
    CONNECTIONS_HEADER_MS =
        5000, /* from the connection's begin, or a header's, to its end                       */
    CONNECTIONS_BODY_MS =
        10000, /* 64 KiB in 10 s: slower clients are cut                                       */
    CONNECTIONS_WRITE_MS =
        10000, /* for a client to take an answer                                               */
    CONNECTIONS_QUEUE_MS =
        25, /* for a worker: longer only hides an overload, whose answer is due in 50 ms    */
    CONNECTIONS_ADMIN_QUEUE_MS =
        1000, /* on the admin listener: a probe waits for a second, and must not fail    */
    CONNECTIONS_LINGER_MS =
        1000, /* for a refused client to read its answer before unread bytes reset it         */
    CONNECTIONS_PATIENCE_MS = 500, /* when the table is full, a client idle for longer may be evicted,   */
    CONNECTIONS_NEWCOMER_MS =
        25, /* the same for a connection that has not sent its first header yet         */
    CONNECTIONS_FRESH_MS =
        2000, /* during a drain, a new connection has this long to send its first request */
    CONNECTIONS_PLACES_MAX = 65000, /* a place is told to CivetWeb as a port number */
};

/* What an open connection waits for. */
enum connections_wait {
    CONNECTIONS_FOR_WORKER,
    CONNECTIONS_FOR_HEADER,
    CONNECTIONS_IDLE, /* nothing has come of the next request */
    CONNECTIONS_FOR_BODY,
    CONNECTIONS_FOR_READER, /* the client, to take its answer */
    CONNECTIONS_FOR_CLOSE,  /* the client, to close after an answer that ends the connection */
    CONNECTIONS_FOR_US,     /* no deadline here: the walk has its own */
    CONNECTIONS_ANSWERED,   /* by the guard: it must only be closed */
};

struct connections;

/* What one listener can do. */
struct connections_limits {
    size_t workers;     /* connections that are served at a time */
    size_t places;      /* that can be open, at least 4: connections_places(), or what descriptors allow */
    size_t per_address; /* from one address, or network of network_source(); 0: three quarters of the workers,
                           but any number from this machine, where proxies live */
    size_t unasked;     /* of these, on which no request has come yet; 0: any number */
    int queue_ms;       /* for a worker to come free */
    long long idle_ms;  /* that a connection may be idle between two requests */
};

struct connections_counts {
    size_t open;                  /* now */
    unsigned long long refused;   /* answered 503 or 429 before any worker saw them */
    unsigned long long late;      /* ended at a deadline */
    unsigned long long displaced; /* ended to make room */
};

/* So many places are enough: one for each worker, and as many again for those who wait a moment for one. */
size_t connections_places(size_t workers);

/* `limits` is copied. */
MUST_USE struct connections *connections_new(const struct connections_limits *limits, struct err *err);
void connections_free(struct connections *guard);

/* A new connection: its place, from 1 on; 0 when it was answered, and the caller has to close it. */
MUST_USE unsigned connections_admit(struct connections *guard, int fd, const struct network *peer);

/* A worker has taken a connection from CivetWeb's queue, whichever it is: they come in the order in which
 * they were admitted. */
void connections_enter(struct connections *guard);

/* A worker has a request: false when the connection was answered instead, and nothing may be done for it. */
MUST_USE bool connections_begin(struct connections *guard, unsigned place);

/* The worker that serves the place tells what it waits for from now on. */
void connections_wait(struct connections *guard, unsigned place, enum connections_wait wait);

/* Was it ended, at a deadline or to make room? */
bool connections_has_ended(const struct connections *guard, unsigned place);

/* The address of its peer. */
struct network connections_peer(const struct connections *guard, unsigned place);

/* The place's descriptor, and what its client has sent: taken at the first call, NULL when there is no memory
 * for it, and given back, wiped, by connections_leave(). */
int connections_fd(const struct connections *guard, unsigned place);
MUST_USE struct inbox *connections_inbox(struct connections *guard, unsigned place);

/* Answers by itself, without waiting. */
void connections_refuse(struct connections *guard, unsigned place, enum problem problem, const char *detail);

/* Waits up to `millis` for the client to close. A half-close counts as a close: the two cannot be told apart
 * without writing. */
bool connections_sees_leave(struct connections *guard, unsigned place, int millis);

/* Reads and forgets what a refused client still sends, for a moment and not for ever: closing with bytes
 * unread would reset the connection under the answer (RFC 9112 section 9.6). */
void connections_linger(struct connections *guard, unsigned place);

/* Before the descriptor is closed.  The place may be given to another from here on. */
void connections_leave(struct connections *guard, unsigned place);

/* More than three quarters of the workers are taken: answers should end their connections. */
bool connections_is_crowded(const struct connections *guard);

/* From now on connections that are idle are ended. */
void connections_drain(struct connections *guard);

/* From now on nobody is waited for: every wait for a client ends at once. */
void connections_close(struct connections *guard);

/* Sends away who has kept us waiting longest, if anybody has for CONNECTIONS_PATIENCE_MS: descriptors are
 * short. */
void connections_make_room(struct connections *guard);

void connections_count(struct connections *guard, struct connections_counts *counts);

#endif
