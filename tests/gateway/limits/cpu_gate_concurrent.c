/* So many at once and no more, in the order in which they came; and nobody waits for ever. */
#include "gateway/limits/cpu_gate.h"

#include "tests/unit.h"

#include <pthread.h>
#include <sched.h>
#include <time.h>

enum { THREADS = 32, ROUNDS = 2000 };

static struct turns turns;
static atomic_int inside, most, went;

static void *work(void *unused)
{
    (void)unused;
    for (int i = 0; i < ROUNDS; i++) {
        cpu_gate_take(&turns);
        int now = atomic_fetch_add(&inside, 1) + 1;
        for (int seen = atomic_load(&most); now > seen && !atomic_compare_exchange_weak(&most, &seen, now);)
            continue;
        atomic_fetch_add(&went, 1);
        (void)sched_yield(); /* whom nothing keeps out comes in now */
        atomic_fetch_sub(&inside, 1);
        cpu_gate_end(&turns);
    }
    return NULL;
}

/* Rounds enough for every gate to be used many times. */
static void no_more_at_once(void **state)
{
    pthread_t threads[THREADS];
    struct err err = {0};
    (void)state;
    assert_int_equal(cpu_gate_init(&turns, THREADS, &err), 0);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, NULL), 0);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(atomic_load(&went), THREADS * ROUNDS);
    assert_in_range(atomic_load(&most), 1, turns.at_once);
    cpu_gate_done(&turns);
}

static atomic_int order[3], next;

static void *come(void *number)
{
    cpu_gate_take(&turns);
    atomic_store(&order[*(int *)number], atomic_fetch_add(&next, 1));
    return NULL;
}

static void in_order(void **state)
{
    pthread_t threads[3];
    int numbers[3] = {0, 1, 2};
    struct err err = {0};
    (void)state;
    assert_int_equal(cpu_gate_init(&turns, 4, &err), 0);
    for (size_t i = 0; i < turns.at_once; i++)
        cpu_gate_take(&turns);
    for (size_t i = 0; i < COUNT(threads); i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, come, &numbers[i]), 0);
        unit_await(atomic_load(&turns.came) >= turns.at_once + i + 1);
    }
    assert_int_equal(atomic_load(&next), 0);
    for (int i = 0; i < 3; i++) { /* each end lets one go on, and no other */
        cpu_gate_end(&turns);
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(atomic_load(&order[i]), i);
        assert_int_equal(atomic_load(&next), i + 1);
    }
    cpu_gate_done(&turns);
}

/* One that never ends his turn makes others late, and no more. */
static void a_courtesy(void **state)
{
    struct timespec before = {0};
    struct timespec after = {0};
    struct err err = {0};
    (void)state;
    assert_int_equal(cpu_gate_init(&turns, 1, &err), 0);
    for (size_t i = 0; i < turns.at_once; i++)
        cpu_gate_take(&turns);
    (void)clock_gettime(CLOCK_MONOTONIC, &before);
    cpu_gate_take(&turns);
    (void)clock_gettime(CLOCK_MONOTONIC, &after);
    long long waited_ms = (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000;
    assert_true(waited_ms >= CPU_GATE_WAIT_MS - 1);
    cpu_gate_done(&turns);
}

static void *take(void *unused)
{
    (void)unused;
    cpu_gate_take(&turns);
    return NULL;
}

/* Who came while nothing moved goes on without a gate; then there are no more at once than before. */
static void it_is_one_after_the_other_again(void **state)
{
    pthread_t threads[8];
    struct err err = {0};
    (void)state;
    assert_int_equal(cpu_gate_init(&turns, COUNT(threads), &err), 0);
    for (size_t i = 0; i < turns.at_once; i++)
        cpu_gate_take(&turns);
    for (size_t i = 0; i < COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take, NULL), 0);
    for (size_t i = 0; i < COUNT(threads); i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    for (size_t i = 0; i < turns.at_once + COUNT(threads); i++)
        cpu_gate_end(&turns);
    for (size_t round = 0; round < 3 * turns.gate_count; round++) {
        int open = 0;
        for (size_t i = 0; i < turns.gate_count; i++) {
            int value = 0;
            assert_int_equal(sem_getvalue(&turns.gates[i].open, &value), 0);
            open += value;
        }
        assert_int_equal(open, turns.at_once);
        cpu_gate_take(&turns);
        cpu_gate_end(&turns);
    }
    cpu_gate_done(&turns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(no_more_at_once), cmocka_unit_test(in_order),
                                       cmocka_unit_test(a_courtesy),
                                       cmocka_unit_test(it_is_one_after_the_other_again)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
