/* sandbox/command/listener.h - a loopback socket, perhaps with TLS, and a thread for every connection. */
#ifndef SANDBOX_COMMAND_LISTENER_H
#define SANDBOX_COMMAND_LISTENER_H

#include "base/base.h"
#include "base/err.h"
#include "sandbox/command/service.h"

enum { LISTENER_CONNECTIONS_MAX = 2048, LISTENER_URL_SIZE = 80 };

struct listener;

struct listener_options {
    const char *address; /* "127.0.0.1:9443", "[::1]:0"; port 0: a free one */
    const char *cert;    /* PEM files; both or neither */
    const char *key;
};

/* Whether `address` is of the form, and of loopback.  Errors are sentences for the person at the terminal. */
MUST_USE int listener_check(const char *address, struct err *err);

/* Bound and listening.  NULL with the reason. */
MUST_USE struct listener *listener_open(const struct listener_options *options, struct err *err);

/* "http://127.0.0.1:9443", or https with TLS. */
void listener_url(const struct listener *listener, char out[LISTENER_URL_SIZE]);

/* Serves until `end_fd` is readable; then ends all connections and waits for their threads. */
void listener_serve(struct listener *listener, struct settings *service, int end_fd);

void listener_close(struct listener *listener);

#endif
