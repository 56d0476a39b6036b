/* The bucket that a store keeps, beside the one that a gateway alone keeps (base/time/rate.h): many at once
 * are as many one after the other, and in no span of time more come through than burst and rate allow. */
#include "gateway/state/store.h"

#include "tests/unit.h"

enum { STEPS = 20000, MANY = 7, GRANTED = 3000 };

static struct state_verdict take(struct store_bucket *bucket, struct rate rate, int64_t calls, int64_t now_us)
{
    struct state_verdict verdict;
    const struct state_limit limit = {.client = "a", .rate = rate, .calls = calls};
    store_take(bucket, &limit, now_us, &verdict);
    return verdict;
}

static void as_one_after_the_other(void **state)
{
    const struct rate rate = {700, 23};
    struct rate_state alone = {0};
    struct store_bucket bucket = {0};
    uint64_t random = 7;
    int64_t now_us = 1000000;
    (void)state;
    for (unsigned step = 0; step < STEPS; step++) {
        int64_t calls = (int64_t)(unit_random(&random) % MANY + 1), allowed = 0;
        struct rate_verdict last = {0};
        now_us += (int64_t)(unit_random(&random) % 4000);
        for (int64_t i = 0; i < calls; i++) {
            last = rate_take(&rate, &alone, now_us);
            allowed += last.allowed;
        }
        struct state_verdict verdict = take(&bucket, rate, calls, now_us);
        assert_int_equal(verdict.allowed, allowed);
        assert_int_equal(verdict.remaining, last.remaining);
        assert_int_equal(verdict.wait_us, last.wait_us);
        assert_int_equal(verdict.full, 0);
    }
}

static void no_span_has_too_many(void **state)
{
    static int64_t granted[GRANTED + MANY];
    const struct rate rate = {1000, 10};
    struct store_bucket bucket = {0};
    uint64_t random = 20;
    int64_t now_us = 1000000;
    size_t count = 0;
    (void)state;
    while (count < GRANTED) {
        now_us += (int64_t)(unit_random(&random) % 6000);
        int64_t calls = (int64_t)(unit_random(&random) % MANY + 1);
        for (int64_t left = take(&bucket, rate, calls, now_us).allowed; left > 0; left--)
            granted[count++] = now_us;
    }
    for (size_t i = 0; i < GRANTED; i++)
        for (size_t j = i; j < GRANTED; j++)
            if ((int64_t)(j - i + 1) > rate.burst + (granted[j] - granted[i]) / rate.interval_us)
                fail_msg("%zu came from %lld to %lld", j - i + 1, (long long)granted[i],
                         (long long)granted[j]);
}

static void places(void **state)
{
    static const struct {
        int64_t most, own, others, calls, allowed, full;
    } rows[] = {{0, 9, 9, 5, 5, 0},  {10, 0, 0, 5, 5, 0}, {10, 3, 4, 5, 3, 2}, {10, 5, 5, 1, 0, 1},
                {10, 8, 9, 2, 0, 2}, {1, 0, 0, 1, 1, 0},  {10, 3, 4, 3, 3, 0}};
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct state_limit limit = {
            .in_flight = rows[i].most, .own = rows[i].own, .calls = rows[i].calls};
        struct state_verdict verdict = {.allowed = rows[i].calls};
        store_place(&limit, rows[i].others, &verdict);
        assert_int_equal(verdict.allowed, rows[i].allowed);
        assert_int_equal(verdict.full, rows[i].full);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(as_one_after_the_other),
                                       cmocka_unit_test(no_span_has_too_many), cmocka_unit_test(places)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
