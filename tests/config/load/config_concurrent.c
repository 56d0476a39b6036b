/* Many threads hold, read and release one configuration; the last one out frees it. */
#include "config/model/config.h"

#include "tests/unit.h"

#include <pthread.h>
#include <stdlib.h>

enum { THREADS = 8, ROUNDS = 20000 };

static void *hold_read_release(void *pointer)
{
    struct config *config = pointer; /* our own reference */
    uintptr_t found = 0;
    for (int i = 0; i < ROUNDS; i++) {
        struct config *held = config_hold(config);
        found += config_upstream(held, "vpc") == NULL;
        config_release(held);
    }
    config_release(config);
    return (void *)found;
}

static void the_last_one_out_frees_it(void **state)
{
    pthread_t threads[THREADS];
    struct config *config = calloc(1, sizeof *config);
    (void)state;
    assert_non_null(config);
    config->arena = arena_new(1024);
    assert_non_null(config->arena);
    atomic_init(&config->references, 1);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, hold_read_release, config_hold(config)), 0);
    config_release(config); /* ours; the threads have theirs */
    for (int i = 0; i < THREADS; i++) {
        void *result = NULL;
        assert_int_equal(pthread_join(threads[i], &result), 0);
        assert_int_equal((uintptr_t)result, ROUNDS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_last_one_out_frees_it)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
