/* gateway/server/connection.h - the bytes of one connection, in and out: requests, one after the other, and
 * their answers.  Every byte of a request is read here, and every byte of its answer is written here; what a
 * layer below (TLS) has to replace is receive_bytes() and send_bytes() in connection.c.
 *
 * Waits have no deadline of their own: the guard ends them by shutting the socket down.  Used by one thread
 * at a time. */
#ifndef GATEWAY_SERVER_CONNECTION_H
#define GATEWAY_SERVER_CONNECTION_H

#include "gateway/http/chunked.h"
#include "gateway/http/handler.h"
#include "gateway/server/connections.h"
#include "gateway/server/inbox.h"

struct connection {
    struct connections *guard;
    unsigned place;
    int fd;
    struct inbox *inbox;            /* of the place */
    char source[NETWORK_TEXT_SIZE]; /* the peer's address */
    struct request_head *head;
    bool idle;               /* nothing has come of the next request */
    bool reading;            /* the body, since its deadline runs */
    bool whole;              /* nothing of the request is left to be read */
    unsigned long long left; /* of a body with a length */
    struct chunked chunked;
};

/* The open connection at that place; `head` is lent until connections_leave().  False when it cannot be
 * served. */
MUST_USE bool connection_open(struct connection *connection, struct connections *guard, unsigned place,
                              struct request_head *head);

/* Waits for the next request and reads its head, good or refused.  False: the connection has ended before. */
MUST_USE bool connection_next(struct connection *connection);

/* After an answer: the connection is idle until the next request begins. */
void connection_rest(struct connection *connection);

/* A door of the connection, for one request. */
struct door connection_door(struct connection *connection);

#endif
