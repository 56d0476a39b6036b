#include "gateway/exchange/failures.h"

#include <openssl/rand.h>
#include <string.h>

int failures_init(struct failures *failures)
{
    memset(failures, 0, sizeof *failures);
    return RAND_bytes((unsigned char *)&failures->seed, sizeof failures->seed) == 1 ? 0 : -1;
}

/* An IPv6 network of 64 bits is one source: who has one address of it has them all (RFC 4291, section 2.5.1).
 */
static size_t significant(const struct network *source)
{
    static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
    for (size_t i = 0; i < sizeof mapped; i++)
        if (source->bytes[i] != mapped[i])
            return 8;
    return sizeof source->bytes;
}

/* FNV-1a from a random start: spreads, and cannot be aimed without knowing the start. */
static size_t slot_of(const struct failures *failures, const struct network *source)
{
    uint64_t hash = failures->seed ^ UINT64_C(14695981039346656037);
    for (size_t i = 0; i < significant(source); i++)
        hash = (hash ^ source->bytes[i]) * UINT64_C(1099511628211);
    return (hash ^ hash >> 32) % FAILURES_ADDRESSES;
}

int64_t failures_add(struct failures *failures, const struct rate *rate, const struct network *source,
                     int64_t now_us)
{
    struct rate_verdict verdict = rate_take(rate, &failures->slots[slot_of(failures, source)], now_us);
    return verdict.allowed ? 0 : verdict.wait_us;
}
