#include "base/unique_id.h"

#include <openssl/rand.h>
#include <string.h>

int unique_id_init(struct unique_id *ident)
{
    atomic_init(&ident->next, 0);
    return RAND_bytes((unsigned char *)ident->keys, sizeof ident->keys) == 1 ? 0 : -1;
}

/* The output function of SplitMix64 (Steele, Lea, Flood 2014): a bijection, so that different numbers stay
 * different. */
static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

void unique_id_take(struct unique_id *ident, unsigned char out[UNIQUE_ID_SIZE])
{
    uint64_t number = atomic_fetch_add_explicit(&ident->next, 1, memory_order_relaxed);
    const uint64_t words[] = {mix(ident->keys[0] + number), mix(ident->keys[1] ^ number)};
    memcpy(out, words, UNIQUE_ID_SIZE);
}
