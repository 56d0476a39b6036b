#include "base/time/deadline.h"

struct timespec deadline_in(long long millis)
{
    struct timespec at = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &at); /* cannot fail */
    at.tv_nsec += millis % 1000 * 1000000;
    at.tv_sec += millis / 1000 + at.tv_nsec / 1000000000;
    at.tv_nsec %= 1000000000;
    return at;
}

int deadline_cond_init(pthread_cond_t *cond)
{
    pthread_condattr_t monotonic;
    if (pthread_condattr_init(&monotonic) != 0)
        return -1;
    bool good = pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) == 0 &&
                pthread_cond_init(cond, &monotonic) == 0;
    (void)pthread_condattr_destroy(&monotonic);
    return good ? 0 : -1;
}
