/* base/ident.h - identifiers that do not come twice: of requests and traces.  Not secret.
 *
 * A counter, behind a random key of the process and mixed so that nobody takes it for one: a request id costs
 * no system call, where OpenSSL's generator takes one each time.  Safe from many threads. */
#ifndef BASE_IDENT_H
#define BASE_IDENT_H

#include "base/base.h"

#include <stdatomic.h>

enum { IDENT_SIZE = 16 };

struct ident {
    uint64_t keys[2];
    atomic_uint_fast64_t next;
};

/* -1 when there is no randomness to start from. */
MUST_USE int ident_init(struct ident *ident);

/* Other bytes than ever before. */
void ident_take(struct ident *ident, unsigned char out[IDENT_SIZE]);

#endif
