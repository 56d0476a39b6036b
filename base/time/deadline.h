/* base/time/deadline.h - moments by the clock that never steps, for whoever waits with a time-out. */
#ifndef BASE_TIME_DEADLINE_H
#define BASE_TIME_DEADLINE_H

#include "base/base.h"

#include <pthread.h>
#include <time.h>

/* So many milliseconds from now, by CLOCK_MONOTONIC. */
struct timespec deadline_in(long long millis);

/* A condition variable whose timed waits go by that clock; -1 when it cannot be made. */
MUST_USE int deadline_cond_init(pthread_cond_t *cond);

#endif
