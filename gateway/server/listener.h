/* gateway/server/listener.h - the socket that CivetWeb listens on, in our hands.
 *
 * CivetWeb 1.15 opens it, and closes it at its end.  It has no word for what else an operator needs: not to
 * spin when descriptors are out, and to stop listening while it goes on to serve. */
#ifndef GATEWAY_SERVER_LISTENER_H
#define GATEWAY_SERVER_LISTENER_H

#include "base/base.h"
#include "base/err.h"

#include <netinet/in.h>

struct listener {
    int fd;    /* CivetWeb's; found by its address */
    int dummy; /* stands in its place once we stopped listening */
    bool stopped;
    struct sockaddr_in address; /* where it listens */
};

/* `text` is IPv4:port, whose form the configuration has checked.  Opens nothing. */
MUST_USE int listener_init(struct listener *listener, const char *text, struct err *err);

/* Once CivetWeb listens, on `port`. */
MUST_USE int listener_find(struct listener *listener, int port, struct err *err);

enum listener_result { LISTENER_GOOD, LISTENER_NOBODY, LISTENER_EXHAUSTED };

/* The next connection, with its peer, without waiting.  LISTENER_EXHAUSTED: no descriptor, no memory. */
enum listener_result listener_accept(int fd, int *accepted, struct sockaddr_in *peer);

/* Takes no new connection: a SYN is dropped, so that the client repeats it and then finds the port closed.
 * Those that were established are accepted still, then the socket is closed. */
void listener_stop(struct listener *listener);

void listener_done(struct listener *listener);

#endif
