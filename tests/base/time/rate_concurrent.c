/* Many threads, one burst: no call is given twice, and none is lost. */
#include "base/time/rate.h"

#include "tests/unit.h"

#include <pthread.h>

enum { SECOND = 1000000 };

struct taker {
    const struct rate *rate;
    struct rate_state *used;
    int allowed;
};

static void *take(void *context)
{
    struct taker *taker = context;
    for (int i = 0; i < 10000; i++)
        taker->allowed += rate_take(taker->rate, taker->used, 0).allowed;
    return NULL;
}

static void many_threads_share_one_burst(void **state)
{
    const struct rate rate = {.interval_us = SECOND, .burst = 12345};
    struct rate_state used = {0};
    struct taker takers[4];
    pthread_t threads[COUNT(takers)];
    int allowed = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(takers); i++) {
        takers[i] = (struct taker){.rate = &rate, .used = &used};
        assert_int_equal(pthread_create(&threads[i], NULL, take, &takers[i]), 0);
    }
    for (size_t i = 0; i < COUNT(takers); i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        allowed += takers[i].allowed;
    }
    assert_int_equal(allowed, 12345);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_threads_share_one_burst),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
