/* base/clock.h - the only clocks.  In config/ and auth/ time is an argument. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include "base/base.h"

int64_t clock_wall_ms(void);      /* since 1970; may step */
int64_t clock_monotonic_us(void); /* for deadlines and durations; never steps */

#endif
