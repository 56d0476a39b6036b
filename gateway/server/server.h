/* gateway/server/server.h - a listener: its sockets, workers and deadlines.  The only file that has met
 * CivetWeb is server.c.
 *
 * CivetWeb accepts connections, has threads and calls us.  It reads nothing that a client has sent: see
 * gateway/connection/connection.h for who does. */
#ifndef GATEWAY_SERVER_SERVER_H
#define GATEWAY_SERVER_SERVER_H

#include "base/base.h"
#include "base/err.h"
#include "gateway/http/handler.h"
#include "gateway/connection/connections.h"
#include "gateway/listener/tls_set.h"

struct server;

struct server_options {
    struct tls_set *tls;                   /* of the entries of `listen`; taken, also by a failure */
    const struct config_listeners *listen; /* lent for the call; port 0 takes a free one */
    struct connections_limits limits;
};

/* Listens, and has the handler answer every request.  All signals should be blocked before: the workers
 * inherit the mask. */
MUST_USE struct server *server_open(const struct handler *handler, const struct server_options *options,
                                    struct err *err);

/* Every thread is there. */
bool server_is_ready(const struct server *front);

/* Where it listens: "http://127.0.0.1:8080 and unix:/run/x.sock". */
void server_put_addresses(const struct server *front, struct buf *text);

/* Takes the certificates, of the same entries, for handshakes that begin from now on. */
void server_use_tls(struct server *front, struct tls_set *tls);

/* Those in use, held: tls_set_release(). */
struct tls_set *server_tls(struct server *front);

/* Open connections, and what became of others. */
void server_count(struct server *front, struct connections_counts *counts);

/* No request waits any more from now on: those that do are answered. */
void server_end_waits(struct server *front);

/* Takes no new connection from now on, and ends those that are idle; the others are served on. */
void server_stop_listening(struct server *front);

/* Ends the workers: a response that is being written is lost, so be idle before. */
void server_close(struct server *front);

#endif
