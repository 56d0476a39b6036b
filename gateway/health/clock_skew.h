/* gateway/health/clock_skew.h - by how much an upstream's clock differs from ours, as the Date of its
 * answers tells.
 *
 * Our own clock is believed until the upstream refuses a call for its time; then the Date is.  From there on
 * the correction follows the Date, and ends when the clocks agree again.  A Date has whole seconds and the
 * answer was some time on its way, so what is measured is the least difference that explains both.
 * Safe from many threads, without a lock. */
#ifndef GATEWAY_HEALTH_CLOCK_SKEW_H
#define GATEWAY_HEALTH_CLOCK_SKEW_H

#include "base/base.h"

#include <stdatomic.h>

enum {
    /* told to the operator from here on: a tenth of the 5 minutes that the cloud allows */
    CLOCK_SKEW_BOUND_S = 30,
    CLOCK_SKEW_MOST_S = 86400, /* never followed further: a signature for next year is good for a year */
};

/* All zero in the beginning. */
struct clock_skew {
    atomic_llong measured_s;  /* of the last answer with a Date; positive: the upstream is ahead */
    atomic_llong corrected_s; /* what is added to our clock when a call is signed */
    atomic_bool told;
};

/* When an attempt was sent and its answer came, ms since 1970 of our clock, and the answer's Date,
 * seconds. */
struct clock_skew_sample {
    int64_t sent_ms;
    int64_t received_ms;
    int64_t date;
};

enum clock_skew_event { CLOCK_SKEW_SAME, CLOCK_SKEW_BEGAN, CLOCK_SKEW_ENDED };

/* Tells when the difference went beyond the bound, and when it came back to half of it: once each. */
enum clock_skew_event clock_skew_observe(struct clock_skew *skew, const struct clock_skew_sample *sample);

/* The upstream refused the time of the call: its clock is the right one from now on. */
void clock_skew_correct(struct clock_skew *skew, const struct clock_skew_sample *sample);

/* Seconds to add to our clock. */
int64_t clock_skew_correction(const struct clock_skew *skew);

/* The difference in seconds when it is beyond the bound, or 0. */
int64_t clock_skew_told(const struct clock_skew *skew);

#endif
