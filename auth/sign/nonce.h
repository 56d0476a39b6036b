/* auth/sign/nonce.h - the Nonce of API 2.0: a positive integer below 2^31 (the smallest range that an
 * official client uses is 16 bits, the largest 63: 31 bits suit all).
 *
 * A counter from a random start: two billion calls pass before one comes again, so never the same twice in
 * one second.  Bare randomness would collide daily at 1,000 calls a second. */
#ifndef AUTH_SIGN_NONCE_H
#define AUTH_SIGN_NONCE_H

#include "base/base.h"

#include <stdatomic.h>

struct nonce {
    atomic_uint_fast64_t next;
};

/* -1 when there is no randomness to start from. */
MUST_USE int nonce_init(struct nonce *nonce);

/* 1 to 2^31 - 1.  Safe from many threads. */
int64_t nonce_take(struct nonce *nonce);

#endif
