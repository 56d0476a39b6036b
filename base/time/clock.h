/* base/time/clock.h - the only clocks, and the only sleep.  In config/ and auth/ time is an argument. */
#ifndef BASE_TIME_CLOCK_H
#define BASE_TIME_CLOCK_H

#include "base/base.h"

int64_t clock_wall_ms(void);      /* since 1970; may step */
int64_t clock_monotonic_us(void); /* for deadlines and durations; never steps */

/* For so long, or less where a signal ends it: for loops that look at something in steps.  0 or less: not at
 * all. */
void clock_sleep_us(int64_t micros);

#endif
