/* gateway/state/redis_store.h - a store in Valkey or Redis: for gateways anywhere.
 *
 * Keys are PREFIX1:{CLIENT}:rate, :flights and :key:HASH, and PREFIX1:{freezes} and PREFIX1:{gateways}: 1
 * is the
 * version, and what is in braces the hash tag, so that a cluster's proxy finds those of one decision at one
 * place.  The server replicates as it likes: a failover may forget what it had not sent on. */
#ifndef GATEWAY_STATE_REDIS_STORE_H
#define GATEWAY_STATE_REDIS_STORE_H

#include "gateway/state/store.h"

extern const struct store_kind redis_store_kind;

/* `gateway` is this process's own name there.  NULL as redis_pool_new(). */
MUST_USE void *redis_store_new(const struct config_store *config, const char *gateway, struct log *notices,
                               struct err *err);

#endif
