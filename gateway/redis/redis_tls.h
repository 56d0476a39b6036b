/* gateway/redis/redis_tls.h - TLS below a connection to Redis: certificates by a CA that is trusted, for the
 * server's own name.  Without hiredis_ssl (Debian 12's hiredis 0.14) there is none; `check` says so. */
#ifndef GATEWAY_REDIS_REDIS_TLS_H
#define GATEWAY_REDIS_REDIS_TLS_H

#include "base/base.h"
#include "base/err.h"

struct redis_tls;
struct redisContext;

/* `ca_file` NULL: the system's.  NULL: it cannot be read, or there is no TLS. */
MUST_USE struct redis_tls *redis_tls_new(const char *ca_file, struct err *err);
void redis_tls_free(struct redis_tls *tls);

/* The handshake, within the connection's timeout. */
MUST_USE int redis_tls_begin(struct redis_tls *tls, struct redisContext *connection, const char *host);

#endif
