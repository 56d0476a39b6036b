/* base/time/rate.h - a rate limit with a burst, in one atomic word (GCRA, ITU-T I.371).
 *
 * Safe from many threads, without a lock.  Time is an argument: microseconds of a monotonic clock. */
#ifndef BASE_TIME_RATE_H
#define BASE_TIME_RATE_H

#include "base/base.h"

#include <stdatomic.h>

/* What is allowed. */
struct rate {
    int64_t interval_us; /* between two, at the sustained rate; 0: no limit */
    int64_t burst;       /* at once, after a rest; at least 1 */
};

/* What was used; all zero in the beginning. */
struct rate_state {
    atomic_int_fast64_t full_at_us;  /* when the whole burst is there again */
    atomic_int_fast64_t interval_us; /* of the rate that rate_adapt() saw last; 0: none */
};

struct rate_verdict {
    bool allowed;
    int64_t remaining; /* how many more at once */
    int64_t wait_us;   /* until one more is allowed; 0 when it is */
};

/* Takes one if it is allowed. */
struct rate_verdict rate_take(const struct rate *rate, struct rate_state *state, int64_t now_us);

/* Before rate_take(), where a reload may have changed the rate: what was used under the one before counts as
 * so many, and never as more than the burst. */
void rate_adapt(const struct rate *rate, struct rate_state *state, int64_t now_us);

#endif
