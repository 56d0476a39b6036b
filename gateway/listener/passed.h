/* gateway/listener/passed.h - sockets that systemd has opened for us: sd_listen_fds(3), without its library.
 *
 * They are descriptors from 3 on; LISTEN_FDS says how many, LISTEN_FDNAMES their names, LISTEN_PID whose they
 * are.  To be asked before any thread is there. */
#ifndef GATEWAY_LISTENER_PASSED_H
#define GATEWAY_LISTENER_PASSED_H

#include "base/base.h"
#include "base/err.h"

/* How many there are for this process, whoever listens on them. */
int passed_count(void);

/* Those of that name, or all where it is NULL: at least one, at most `size`, else -1.  Each is a listening
 * stream socket, and is made non-blocking and closed in children. */
MUST_USE int passed_sockets(const char *name, int *fds, size_t size, size_t *count, struct err *err);

#endif
