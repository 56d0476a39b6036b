#include "auth/sign/nonce.h"

#include <openssl/rand.h>

static const uint64_t nonce_count = 2147483647; /* 1 to 2^31 - 1 */

int nonce_init(struct nonce *nonce)
{
    uint64_t start;
    if (RAND_bytes((unsigned char *)&start, sizeof start) != 1)
        return -1;
    atomic_init(&nonce->next, start % nonce_count);
    return 0;
}

int64_t nonce_take(struct nonce *nonce)
{
    uint64_t taken = atomic_fetch_add_explicit(&nonce->next, 1, memory_order_relaxed);
    return (int64_t)(taken % nonce_count) + 1;
}
