/* gateway/exchange/failures.h - failed authentications by address.
 *
 * A table of a fixed size, so that memory does not grow with who knocks.  Safe from many threads, without a
 * lock. It only slows those who fail: a good token is never asked how often its address failed. */
#ifndef GATEWAY_EXCHANGE_FAILURES_H
#define GATEWAY_EXCHANGE_FAILURES_H

#include "base/base.h"
#include "base/network.h"
#include "base/rate.h"

enum { FAILURES_ADDRESSES = 8192 }; /* slots; two addresses that share one share its failures, nothing else */

struct failures {
    uint64_t seed; /* so that nobody can aim at another's slot */
    struct rate_state slots[FAILURES_ADDRESSES];
};

MUST_USE int failures_init(struct failures *failures);

/* One more failure of that address, or of the IPv6 network of 64 bits that it is in: 0, or the microseconds
 * until it may fail again. */
int64_t failures_add(struct failures *failures, const struct rate *rate, const struct network *source,
                     int64_t now_us);

#endif
