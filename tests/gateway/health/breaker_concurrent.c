/* Many threads at one breaker: it opens and closes in turn, and of those that come together one is the
 * probe. */
#include "gateway/health/breaker.h"

#include "tests/unit.h"

#include <pthread.h>
#include <string.h>

enum { THREADS = 8, CALLS = 20000, ROUNDS = 200 };

static struct breaker breaker;
static pthread_barrier_t barrier;
static atomic_int_fast64_t now_us;
static atomic_int probes, opened, closes;

static void run(void *(*work)(void *))
{
    pthread_t thread[THREADS];
    uint64_t seeds[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        seeds[i] = i + 1;
        assert_int_equal(pthread_create(&thread[i], NULL, work, &seeds[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(thread[i], NULL), 0);
}

/* A thousand calls of health and a thousand of outage in turn. */
static void *call(void *seed_of)
{
    uint64_t seed = *(uint64_t *)seed_of;
    for (int i = 0; i < CALLS; i++) {
        int64_t now = atomic_fetch_add(&now_us, 1000);
        struct breaker_entry entry = breaker_enter(&breaker, now);
        if (entry.pass == BREAKER_REFUSED)
            continue;
        bool good = i / 1000 % 2 == 0 || unit_random(&seed) % 8 == 0;
        enum breaker_event event = breaker_note(&breaker, &entry, good, now);
        atomic_fetch_add(&opened, event == BREAKER_OPENED);
        atomic_fetch_add(&closes, event == BREAKER_CLOSES);
    }
    return NULL;
}

static void opens_and_closes_in_turn(void **state)
{
    (void)state;
    memset(&breaker, 0, sizeof breaker);
    run(call);
    assert_true(atomic_load(&opened) > 0);
    assert_in_range(atomic_load(&opened) - atomic_load(&closes), 0, 1);
    assert_int_equal(breaker_state(&breaker) != BREAKER_CLOSED, atomic_load(&opened) - atomic_load(&closes));
}

static void *come_together(void *unused)
{
    (void)unused;
    for (int i = 1; i <= ROUNDS; i++) {
        (void)pthread_barrier_wait(&barrier);
        struct breaker_entry entry = breaker_enter(&breaker, i * INT64_C(1000000));
        atomic_fetch_add(&probes, entry.pass == BREAKER_PROBE);
        (void)pthread_barrier_wait(&barrier);
        if (entry.pass == BREAKER_PROBE)
            (void)breaker_note(&breaker, &entry, false, i * INT64_C(1000000));
    }
    return NULL;
}

static void one_of_many_is_the_probe(void **state)
{
    (void)state;
    memset(&breaker, 0, sizeof breaker);
    for (int i = 0; i < BREAKER_FAILURES; i++) {
        struct breaker_entry entry = breaker_enter(&breaker, 1);
        (void)breaker_note(&breaker, &entry, false, 1);
    }
    assert_int_equal(pthread_barrier_init(&barrier, NULL, THREADS), 0);
    run(come_together);
    assert_int_equal(pthread_barrier_destroy(&barrier), 0);
    assert_int_equal(atomic_load(&probes), ROUNDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(opens_and_closes_in_turn),
                                       cmocka_unit_test(one_of_many_is_the_probe)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
