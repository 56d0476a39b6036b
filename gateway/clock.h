/* gateway/clock.h - the only clocks.  Below this room time is an argument. */
#ifndef GATEWAY_CLOCK_H
#define GATEWAY_CLOCK_H

#include "base/base.h"

int64_t clock_wall_ms(void);      /* since 1970; may step */
int64_t clock_monotonic_us(void); /* for deadlines and durations; never steps */

#endif
