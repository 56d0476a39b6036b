/* base/unique_id.h - identifiers that do not come twice: of requests and traces.  Not secret.
 *
 * A counter, behind a random key of the process and mixed so that nobody takes it for one: a request id costs
 * no system call, where OpenSSL's generator takes one each time.  Safe from many threads. */
#ifndef BASE_UNIQUE_ID_H
#define BASE_UNIQUE_ID_H

#include "base/base.h"

#include <stdatomic.h>

enum { UNIQUE_ID_SIZE = 16 };

struct unique_id {
    uint64_t keys[2];
    atomic_uint_fast64_t next;
};

/* -1 when there is no randomness to start from. */
MUST_USE int unique_id_init(struct unique_id *ident);

/* Other bytes than ever before. */
void unique_id_take(struct unique_id *ident, unsigned char out[UNIQUE_ID_SIZE]);

#endif
