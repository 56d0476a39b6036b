/* Many threads take the digest of texts of their own at once: none gets another one's. */
#include "base/digest.h"
#include "base/text.h"
#include "tests/unit.h"

#include <pthread.h>
#include <stdint.h>
#include <string.h>

enum { THREADS = 6, ROUNDS = 3000, LENGTH = 100 };

static pthread_barrier_t together;

/* By the reader that takes pieces, whose context is its own. */
static void other_way(const char *text, unsigned char bytes[DIGEST_BYTES])
{
    char hex[DIGEST_TEXT_SIZE];
    struct digest *digest = digest_new();
    digest_add(digest, text, LENGTH);
    assert_int_equal(digest_end(digest, hex), 0);
    assert_true(text_unhex(hex, bytes, DIGEST_BYTES));
}

static void *work(void *context)
{
    char text[LENGTH];
    unsigned char expected[DIGEST_BYTES];
    uintptr_t wrong = 0;
    memset(text, *(const char *)context, sizeof text);
    other_way(text, expected);
    (void)pthread_barrier_wait(&together);
    for (int i = 0; i < ROUNDS; i++) {
        unsigned char bytes[DIGEST_BYTES];
        wrong += digest_of(text, sizeof text, bytes) != 0;
        for (size_t at = 0; at < sizeof bytes; at++)
            wrong += bytes[at] != expected[at];
    }
    return (void *)wrong;
}

static void test_all_at_once(void **state)
{
    static char letters[THREADS + 1] = "abcdef";
    pthread_t threads[THREADS];
    (void)state;
    assert_int_equal(pthread_barrier_init(&together, NULL, THREADS), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, &letters[i]), 0);
    for (int i = 0; i < THREADS; i++) {
        void *wrong = NULL;
        assert_int_equal(pthread_join(threads[i], &wrong), 0);
        assert_null(wrong);
    }
    (void)pthread_barrier_destroy(&together);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_all_at_once)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
