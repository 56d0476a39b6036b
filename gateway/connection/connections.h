/* gateway/connection/connections.h - who is in: every open connection of one listener, what it waits for, and
 * until when.
 *
 * A connection between two requests, and one whose header is not whole yet, is parked: no worker has it, the
 * kernel tells when bytes come, and the thread that it tells takes it (connections_take()) to look at them.
 * A worker has it for one request, from the whole header to the answer.  So it belongs to one thread at a
 * time, which alone reads, writes and closes it; what is parked and not taken, to the thread of parking.c.
 *
 * Every wait for a client has a deadline, whether bytes drip in or nothing comes at all; when places are
 * short, the one that has kept us waiting longest goes.  What a worker has is ended by shutdown(2) only: the
 * worker notices, and closes it.
 *
 * The thread of parking.c admits and looks after all; a worker says what it waits for, parks, or leaves. */
#ifndef GATEWAY_CONNECTION_CONNECTIONS_H
#define GATEWAY_CONNECTION_CONNECTIONS_H

#include "base/base.h"
#include "base/err.h"
#include "base/system/network.h"
#include "gateway/http/problem.h"
#include "gateway/connection/inbox.h"
#include "gateway/listener/tls.h"

enum {
    /* from the connection's begin, or a header's, to its end */
    CONNECTIONS_HEADER_MS = 5000,
    /* 64 KiB in 10 s: slower clients are closed */
    CONNECTIONS_BODY_MS = 10000,
    /* for a client to take an answer */
    CONNECTIONS_WRITE_MS = 10000,
    /* for a worker: longer only hides an overload, whose answer is due in 50 ms */
    CONNECTIONS_QUEUE_MS = 25,
    /* the same while workers end and take others: that is a queue for the processor */
    CONNECTIONS_MOVING_MS = 500,
    /* on the admin listener: a probe waits for a second, and must not fail */
    CONNECTIONS_ADMIN_QUEUE_MS = 1000,
    /* for a refused client to send the rest and read its answer, before unread bytes reset it: the largest
       body at 2 MiB a second.  Who lingers has no worker, and goes first where places are few */
    CONNECTIONS_LINGER_MS = 5000,
    /* that a worker waits for the next request, where many are idle: less than what others wait for one */
    CONNECTIONS_NEXT_MS = 20,
    CONNECTIONS_PATIENCE_MS = 500, /* when the table is full, a client idle for longer may be evicted,   */
    /* the same for a connection that has not sent its first header yet */
    CONNECTIONS_NEWCOMER_MS = 25,
    /* during a drain, a new connection has this long to send its first request */
    CONNECTIONS_FRESH_MS = 2000,
    CONNECTIONS_PLACES_MAX = 65000,
};

/* What an open connection waits for. */
enum connections_wait {
    CONNECTIONS_FOR_HEADER,    /* parked: of its first request, or the rest of a next one */
    CONNECTIONS_IDLE,          /* parked: nothing has come of the next request */
    CONNECTIONS_FOR_CLOSE,     /* parked: the client, to close after an answer that ends the connection */
    CONNECTIONS_FOR_TIME,      /* parked: its request goes on later; no deadline here: see waiters.h */
    CONNECTIONS_FOR_HANDSHAKE, /* its TLS handshake goes a step further; still since the header's begin */
    CONNECTIONS_FOR_WORKER,    /* its header is whole */
    CONNECTIONS_FOR_NEXT,      /* a worker waits a little for its next request */
    CONNECTIONS_FOR_BODY,
    CONNECTIONS_FOR_READER, /* the client, to take its answer */
    CONNECTIONS_FOR_US,     /* no deadline here: the walk has its own */
};

struct connections;

/* What one listener can do. */
struct connections_limits {
    size_t workers;     /* requests that are served at a time */
    size_t connections; /* that can be open: with so many the next one needs somebody to go */
    size_t places;      /* at least 4: connections_places(), or what descriptors allow */
    size_t per_address; /* from one address, or network of network_source(); 0: three quarters of all, but any
                           number from this machine, where proxies live */
    size_t unasked;     /* of these, on which no request has come yet; 0: any number */
    int queue_ms;       /* for a worker to come free */
    long long idle_ms;  /* that a connection may be idle between two requests */
    const char *problem_types; /* of those who are refused; NULL: the default */
};

struct connections_counts {
    size_t open;                  /* now */
    size_t limit;                 /* with so many the next one needs somebody to go */
    unsigned long long refused;   /* answered 503 or 429 before any worker saw them */
    unsigned long long late;      /* ended at a deadline */
    unsigned long long displaced; /* ended to make room */
};

/* So many places are enough: one for each, and some for those who are answered that there is none. */
size_t connections_places(size_t connections);

/* `limits` is copied, with its text.  connections_free() closes what is still open. */
MUST_USE struct connections *connections_new(const struct connections_limits *limits, struct err *err);
void connections_free(struct connections *guard);

const struct connections_limits *connections_limits(const struct connections *guard);

/* What the kernel tells of parked connections, as epoll(7): the event's `u64` is the place. */
int connections_events(const struct connections *guard);

/* A new connection, which is taken with its TLS (NULL: none): its place, from 1 on, where it is parked; 0
 * when it was answered and closed. */
unsigned connections_admit(struct connections *guard, int fd, const struct network *peer, struct tls *tls);

/* Parks it for one of the first four waits: from here on whom the kernel tells of it may take it.  False when
 * the kernel cannot: it still belongs to who asks. */
MUST_USE bool connections_park(struct connections *guard, unsigned place, enum connections_wait wait);

/* After an event: takes the parked connection, and says what it waits for; CONNECTIONS_FOR_US: it has gone
 * meanwhile, or is another thread's.  It is given back by connections_watch() or connections_park(). */
enum connections_wait connections_take(struct connections *guard, unsigned place);

/* Parked as before, until its next event; false when the kernel cannot: it still belongs to who asks. */
MUST_USE bool connections_watch(struct connections *guard, unsigned place);

/* What it waits for from now on; from one of the first four to another only where it is parked. */
void connections_wait(struct connections *guard, unsigned place, enum connections_wait wait);

enum connections_wait connections_waits_for(const struct connections *guard, unsigned place);

/* The first octets of a header have come on an idle, parked one: it has its time from now on. */
void connections_wake(struct connections *guard, unsigned place);

/* Did its last request come within CONNECTIONS_NEXT_MS of the answer before?  Then it is worth while to wait
 * for the next one.  By the thread that has the connection. */
bool connections_is_quick(const struct connections *guard, unsigned place);
void connections_set_quick(struct connections *guard, unsigned place, bool quick);

/* A worker has a request of it. */
void connections_begin(struct connections *guard, unsigned place);

/* Was it ended, at a deadline or to make room? */
bool connections_has_ended(const struct connections *guard, unsigned place);

/* The place's TLS (NULL: none), its descriptor, its peer's address, and what its client has sent: taken at
 * the first call, NULL when there is no memory for it, and given back, wiped, by connections_empty() and
 * connections_leave(). */
struct tls *connections_tls(const struct connections *guard, unsigned place);
int connections_fd(const struct connections *guard, unsigned place);
const char *connections_source(const struct connections *guard, unsigned place);
MUST_USE struct inbox *connections_inbox(struct connections *guard, unsigned place);
void connections_empty(struct connections *guard, unsigned place);

/* Nothing more will be said, and the client is told so; it can still be read.  -1: it has gone. */
MUST_USE int connections_finish(struct connections *guard, unsigned place);

/* Answers by itself, without waiting, and leaves. */
void connections_refuse(struct connections *guard, unsigned place, enum problem problem, const char *detail);

/* Closes a parked one that was taken; where a header had begun, the client is told that it did not come in
 * time. */
void connections_dismiss(struct connections *guard, unsigned place);

/* Waits up to `millis` for the client to close. A half-close counts as a close: the two cannot be told apart
 * without writing. */
bool connections_sees_leave(struct connections *guard, unsigned place, int millis);

/* Reads and forgets what a refused client still sends: closing with bytes unread would reset the connection
 * under the answer (RFC 9112 section 9.6).  False: it has closed, or has sent more than anybody forgets. */
MUST_USE bool connections_forget(struct connections *guard, unsigned place);

/* Closes it.  The place may be given to another from here on. */
void connections_leave(struct connections *guard, unsigned place);

/* More are open than may be, since nobody could be evicted: answers should end their connections. */
bool connections_is_crowded(const struct connections *guard);

/* From now on connections that are idle are ended. */
void connections_drain(struct connections *guard);

/* From now on nobody is waited for: every wait for a client ends at once. */
void connections_close(struct connections *guard);

/* Sends away who has kept us waiting longest, if anybody has for CONNECTIONS_PATIENCE_MS: descriptors are
 * short. */
void connections_make_room(struct connections *guard);

/* The same, of those that hold a worker, until so many go: others wait for one. */
void connections_make_way(struct connections *guard, size_t waiting);

/* Ends what a worker has and is late; of what is parked, the next one after `place` that is late, taken for
 * the caller to end; 0: no more. */
unsigned connections_late(struct connections *guard, unsigned place, int64_t now_us);

void connections_count(struct connections *guard, struct connections_counts *counts);

#endif
