/* gateway/server/front.h - a listener: its sockets, workers and deadlines.  The only file that has met
 * CivetWeb is front.c.
 *
 * CivetWeb accepts connections, has threads and calls us.  It reads nothing that a client has sent: see
 * gateway/server/connection.h for who does. */
#ifndef GATEWAY_SERVER_FRONT_H
#define GATEWAY_SERVER_FRONT_H

#include "base/base.h"
#include "base/err.h"
#include "gateway/server/guard.h"
#include "gateway/http/handler.h"

struct front;

struct front_options {
    const char *address; /* IPv4:port; port 0 takes a free one */
    struct guard_limits limits;
};

/* Listens, and has the handler answer every request.  All signals should be blocked before: the workers
 * inherit the mask. */
MUST_USE struct front *front_open(const struct handler *handler, const struct front_options *options,
                                  struct err *err);

/* Every thread is there. */
bool front_is_ready(const struct front *front);

int front_port(const struct front *front);

/* Open connections, and what became of others. */
void front_count(struct front *front, struct guard_counts *counts);

/* Takes no new connection from now on, and ends those that are idle; the others are served on. */
void front_stop_listening(struct front *front);

/* Ends the workers: a response that is being written is lost, so be idle before. */
void front_close(struct front *front);

#endif
