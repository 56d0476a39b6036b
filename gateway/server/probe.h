/* gateway/server/probe.h - does the HTTP library lay a request out as gateway/http/framing.h says?  Asked
 * over a socket.
 */
#ifndef GATEWAY_SERVER_PROBE_H
#define GATEWAY_SERVER_PROBE_H

#include "base/base.h"

#include <netinet/in.h>

/* Sends requests to our own admin listener: those that RFC 9112 allows must be answered 200, those that two
 * readers could read differently must not.  False when one is not, or nobody answers. */
bool probe_run(const struct sockaddr_in *address);

#endif
