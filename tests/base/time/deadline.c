#include "base/time/deadline.h"

#include "tests/unit.h"

#include <errno.h>

static long long nanoseconds(const struct timespec *time)
{
    return time->tv_sec * 1000000000LL + time->tv_nsec;
}

/* Not before, and its nanoseconds are fewer than a second's, or who waits is told EINVAL at once. */
static void so_many_milliseconds(void **state)
{
    static const long long rows[] = {0, 1, 999, 1000, 1500, 86400000};
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct timespec before;
        struct timespec after;
        assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &before), 0);
        const struct timespec at = deadline_in(rows[i]);
        assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &after), 0);
        assert_in_range(at.tv_nsec, 0, 999999999);
        assert_true(nanoseconds(&at) >= nanoseconds(&before) + rows[i] * 1000000);
        assert_true(nanoseconds(&at) <= nanoseconds(&after) + rows[i] * 1000000);
    }
}

/* By the other clock it would be over since 1970, or not for decades. */
static void waits_by_the_same_clock(void **state)
{
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t cond;
    struct timespec after;
    int waited = 0;
    (void)state;
    assert_int_equal(deadline_cond_init(&cond), 0);
    assert_int_equal(pthread_mutex_lock(&mutex), 0);
    const struct timespec until = deadline_in(30);
    while (waited == 0)
        waited = pthread_cond_timedwait(&cond, &mutex, &until);
    assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &after), 0);
    assert_int_equal(pthread_mutex_unlock(&mutex), 0);
    assert_int_equal(waited, ETIMEDOUT);
    assert_true(nanoseconds(&after) >= nanoseconds(&until));
    assert_int_equal(pthread_cond_destroy(&cond), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(so_many_milliseconds),
                                       cmocka_unit_test(waits_by_the_same_clock)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
