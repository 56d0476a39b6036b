/* gateway/upstream/proxy_failure.h - why there is no connection, where a proxy stands in the way of one.
 *
 * A proxy is asked by CONNECT (RFC 9110 section 9.3.6) for a way to the upstream, and any 2xx opens it.
 * Pure; safe from many threads. */
#ifndef GATEWAY_UPSTREAM_PROXY_FAILURE_H
#define GATEWAY_UPSTREAM_PROXY_FAILURE_H

#include "base/base.h"
#include "base/err.h"

/* What is known of a connection that failed; all zero: no proxy was asked. */
struct proxy_facts {
    bool asked;    /* there is a proxy */
    bool unknown;  /* its name has no address */
    bool reached;  /* it accepted the connection */
    bool late;     /* the time was over */
    bool has_user; /* it was sent a user and a password */
    int status;    /* of its answer; 0: none came that is HTTP */
};

/* False where the proxy is not to blame: `err` stays. */
bool proxy_failure_tell(const struct proxy_facts *facts, struct err *err);

/* The proxy would refuse the same again: a second try is one more wrong password. */
bool proxy_failure_stays(const struct proxy_facts *facts);

#endif
