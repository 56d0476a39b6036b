/* gateway/connection/connection.h - the bytes of one connection, in and out: requests, one after the
 * other, and their answers.  Every byte of a request is read here, and every byte of its answer is written
 * here; TLS lies below (tls.h).
 *
 * A head is gathered while the connection is parked, without waiting, by the thread of parking.c; a worker
 * reads the body, answers, and looks for the next head.  Its waits have no deadline of their own: they are
 * ended by shutting the socket down (connections.h).  Used by one thread at a time. */
#ifndef GATEWAY_CONNECTION_CONNECTION_H
#define GATEWAY_CONNECTION_CONNECTION_H

#include "gateway/connection/chunked.h"
#include "gateway/http/handler.h"
#include "gateway/connection/connections.h"
#include "gateway/connection/inbox.h"

struct connection {
    struct connections *guard;
    unsigned place;
    int fd;
    struct tls *tls;     /* of the place; NULL: plain HTTP */
    struct inbox *inbox; /* of the place */
    struct request_head *head;
    bool reading;            /* the body, since its deadline runs */
    bool whole;              /* nothing of the request is left to be read */
    unsigned long long left; /* of a body with a length */
    struct chunked chunked;
};

enum connection_state {
    CONNECTION_WAITS, /* for more of a head, or for all of it */
    CONNECTION_ASKS,  /* a head is whole, or refused */
    CONNECTION_ENDED, /* before a head had begun */
};

/* The open connection at that place.  False when there is no memory for what it sends. */
MUST_USE bool connection_open(struct connection *connection, struct connections *guard, unsigned place);

/* Reads what has come of a head, without waiting. */
enum connection_state connection_gather(struct connection *connection);

/* What a client is told whose head did not come in time; CONNECTION_ENDED where it had not begun. */
enum connection_state connection_give_up(struct connection *connection);

/* Before a request of which the head is there. */
void connection_begin(struct connection *connection);

/* After an answer behind which the next head may come: is it there already?  With `lingers` waits for it,
 * CONNECTIONS_NEXT_MS at most. */
enum connection_state connection_next(struct connection *connection, bool lingers);

/* Leaves the connection to be parked, or ends it where that cannot be. */
void connection_park(struct connection *connection);

/* After the last answer; `unread`: the client may still send what nobody will read. */
void connection_end(struct connection *connection, bool unread);

/* The connection as its handler sees it, for one request. */
struct peer connection_peer(struct connection *connection);

#endif
