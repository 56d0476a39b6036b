/* sandbox/auth/nonce_cache.h - which (SecretId, Timestamp, Nonce) was seen, within a time and a bound. */
#ifndef SANDBOX_AUTH_NONCE_CACHE_H
#define SANDBOX_AUTH_NONCE_CACHE_H

#include "base/base.h"

enum { NONCE_CACHE_CAPACITY = 1000000 }; /* some 120 MB when full; the oldest go first */

struct nonce_cache;

/* Entries are kept for `keep` seconds, and at most `capacity` of them.  NULL when memory is out. */
MUST_USE struct nonce_cache *nonce_cache_new(int64_t keep, size_t capacity);
void nonce_cache_free(struct nonce_cache *replay);

enum nonce_cache_verdict { NONCE_CACHE_FRESH, NONCE_CACHE_SEEN, NONCE_CACHE_NO_MEMORY };

/* Remembers the triple and tells whether it was there.  `now` in seconds.  May be called by many threads. */
MUST_USE enum nonce_cache_verdict nonce_cache_check(struct nonce_cache *replay, const char *secret_id,
                                                    const char *timestamp, const char *nonce, int64_t now);

#endif
