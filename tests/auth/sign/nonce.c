#include "auth/sign/nonce.h"

#include "tests/unit.h"

static const int64_t most = 2147483647; /* 2^31 - 1 */

static void in_range_and_different(void **state)
{
    struct nonce nonce;
    int64_t last = 0;
    (void)state;
    assert_int_equal(nonce_init(&nonce), 0);
    for (int i = 0; i < 100000; i++) {
        int64_t taken = nonce_take(&nonce);
        assert_true(taken >= 1 && taken <= most);
        assert_true(taken != last);
        last = taken;
    }
}

/* The end of the range and its start are neighbours; zero is never taken. */
static void wraps_around(void **state)
{
    struct nonce nonce;
    (void)state;
    assert_int_equal(nonce_init(&nonce), 0);
    atomic_store(&nonce.next, (uint64_t)most - 2);
    assert_int_equal(nonce_take(&nonce), most - 1);
    assert_int_equal(nonce_take(&nonce), most);
    assert_int_equal(nonce_take(&nonce), 1);
    assert_int_equal(nonce_take(&nonce), 2);
}

/* A restart must not begin where the last process did. */
static void starts_anywhere(void **state)
{
    enum { STARTS = 64 };
    int64_t first[STARTS];
    int low = 0;
    (void)state;
    for (int i = 0; i < STARTS; i++) {
        struct nonce nonce;
        assert_int_equal(nonce_init(&nonce), 0);
        first[i] = nonce_take(&nonce);
        low += first[i] <= most / 2;
        for (int j = 0; j < i; j++)
            assert_true(first[i] != first[j]); /* by chance once in a million runs */
    }
    assert_true(low > 0 && low < STARTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_range_and_different),
        cmocka_unit_test(wraps_around),
        cmocka_unit_test(starts_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
