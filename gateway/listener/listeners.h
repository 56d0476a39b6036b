/* gateway/listener/listeners.h - the sockets that a server listens on: TCP, Unix, and those of systemd.
 *
 * All of them stand behind one descriptor, `ready`, which is readable when somebody is there.  One thread
 * accepts; any other may stop it. */
#ifndef GATEWAY_LISTENER_LISTENERS_H
#define GATEWAY_LISTENER_LISTENERS_H

#include "base/base.h"
#include "base/err.h"
#include "base/system/network.h"
#include "config/model/config.h"
#include "gateway/listener/tls.h"
#include "gateway/listener/unix_path.h"

#include <pthread.h>

enum {
    LISTENER_TEXT = 160,  /* "https://[IPv6]:65535", or "unix:" and a path */
    LISTENER_SOCKETS = 64 /* of one server: sixteen entries, one of which systemd may fill */
};

/* One socket. */
struct listener {
    int fd;
    size_t entry;             /* of the configuration */
    bool passed;              /* by systemd, which keeps it open */
    struct unix_path path;    /* of a Unix socket of ours */
    int port;                 /* TCP */
    char text[LISTENER_TEXT]; /* "http://127.0.0.1:8080", "unix:/run/x.sock" */
};

struct listeners {
    struct listener items[LISTENER_SOCKETS];
    size_t count;
    int ready; /* an epoll of all */
    int idle;  /* an eventfd: takes the place of a socket that listens no more */
    bool stopped;
    pthread_mutex_t mutex; /* guards what follows */
    struct tls_set *tls;   /* for connections that come from now on */
};

/* Listens; `tls` is taken.  After -1 listeners_done() is still due. */
MUST_USE int listeners_open(struct listeners *listeners, const struct config_listeners *config,
                            struct tls_set *tls, struct err *err);

/* Takes the set, of the same entries, for connections that come from now on. */
void listeners_use(struct listeners *listeners, struct tls_set *tls);

/* One of them has certificates, and has them for good. */
bool listeners_have_tls(struct listeners *listeners);

/* The set in use, held: tls_set_release(). */
struct tls_set *listeners_tls(struct listeners *listeners);

enum listener_result { LISTENER_GOOD, LISTENER_NOBODY, LISTENER_EXHAUSTED };

/* The next connection, without waiting: its peer, and its TLS or NULL.  LISTENER_EXHAUSTED: no
 * descriptor, no memory. */
enum listener_result listeners_accept(struct listeners *listeners, int *accepted, struct network *peer,
                                      struct tls **tls);

/* Takes no new connection: a SYN is dropped, so that the client repeats it and then finds the port closed; a
 * Unix socket's path goes.  Those that were established are accepted still, then the sockets are closed.
 * Sockets of systemd's stay open there. */
void listeners_stop(struct listeners *listeners);

void listeners_done(struct listeners *listeners);

#endif
