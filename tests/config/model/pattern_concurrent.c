/* Many threads match values by one pattern at once, short ones and such as need much memory. */
#include "config/model/pattern.h"
#include "tests/unit.h"

#include <pthread.h>
#include <stdint.h>
#include <string.h>

enum { THREADS = 6, ROUNDS = 2000, LONG = 600 };

static struct pattern *pattern;
static pthread_barrier_t together;

static void *work(void *context)
{
    char text[LONG + 1];
    uintptr_t wrong = 0;
    (void)context;
    memset(text, 'a', LONG);
    text[LONG] = '\0';
    (void)pthread_barrier_wait(&together);
    for (int i = 0; i < ROUNDS; i++) {
        wrong += pattern_match(pattern, "vpc-2ari9m7h") != PATTERN_FITS;
        wrong += pattern_match(pattern, "vpc-2ari9m7h!") != PATTERN_DIFFERS;
        wrong += i % 16 == 0 && pattern_match(pattern, text) != PATTERN_FITS;
    }
    return (void *)wrong;
}

static void test_all_at_once(void **state)
{
    pthread_t threads[THREADS];
    struct err err = {0};
    (void)state;
    pattern = pattern_new("vpc-[0-9a-z]+|([a-z]|[0-9])*", &err);
    assert_non_null(pattern);
    assert_int_equal(pthread_barrier_init(&together, NULL, THREADS), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, NULL), 0);
    for (int i = 0; i < THREADS; i++) {
        void *wrong = NULL;
        assert_int_equal(pthread_join(threads[i], &wrong), 0);
        assert_null(wrong);
    }
    (void)pthread_barrier_destroy(&together);
    pattern_free(pattern);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_all_at_once)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
