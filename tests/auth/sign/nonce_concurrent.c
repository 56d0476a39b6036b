/* Eight threads take a hundred thousand each: no two are the same, also across the end of the range. */
#include "auth/sign/nonce.h"

#include "tests/unit.h"

#include <pthread.h>
#include <stdlib.h>

enum { THREADS = 8, EACH = 100000 };

static struct nonce nonce;

static void *take_many(void *pointer)
{
    int64_t *taken = pointer;
    for (int i = 0; i < EACH; i++)
        taken[i] = nonce_take(&nonce);
    return NULL;
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void expect_all_different(void)
{
    pthread_t threads[THREADS];
    int64_t *taken = calloc(THREADS, EACH * sizeof *taken);
    assert_non_null(taken);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_many, taken + (size_t)i * EACH), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    qsort(taken, (size_t)THREADS * EACH, sizeof *taken, compare);
    assert_true(taken[0] >= 1);
    assert_true(taken[THREADS * EACH - 1] <= INT32_MAX);
    for (size_t i = 1; i < (size_t)THREADS * EACH; i++)
        if (taken[i] == taken[i - 1])
            fail_msg("twice: %lld", (long long)taken[i]);
    free(taken);
}

static void from_a_random_start(void **state)
{
    (void)state;
    assert_int_equal(nonce_init(&nonce), 0);
    expect_all_different();
}

static void across_the_end(void **state)
{
    (void)state;
    atomic_store(&nonce.next, (uint64_t)INT32_MAX - EACH);
    expect_all_different();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(from_a_random_start),
        cmocka_unit_test(across_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
