#include "tests/unit.h"

#include "sandbox/auth/nonce_cache.h"

static void triples(void **state)
{
    (void)state;
    struct nonce_cache *replay = nonce_cache_new(600, 100);
    assert_non_null(replay);
    assert_int_equal(nonce_cache_check(replay, "id", "100", "1", 100), NONCE_CACHE_FRESH);
    assert_int_equal(nonce_cache_check(replay, "id", "100", "1", 100), NONCE_CACHE_SEEN);
    assert_int_equal(nonce_cache_check(replay, "id", "100", "2", 100), NONCE_CACHE_FRESH);
    assert_int_equal(nonce_cache_check(replay, "id", "101", "1", 100), NONCE_CACHE_FRESH);
    assert_int_equal(nonce_cache_check(replay, "other", "100", "1", 100), NONCE_CACHE_FRESH);
    assert_int_equal(nonce_cache_check(replay, "id", "10", "01", 100),
                     NONCE_CACHE_FRESH); /* the parts do not run together */
    nonce_cache_free(replay);
}

static void forgets(void **state)
{
    (void)state;
    struct nonce_cache *replay = nonce_cache_new(600, 100);
    assert_int_equal(nonce_cache_check(replay, "id", "100", "1", 100), NONCE_CACHE_FRESH);
    assert_int_equal(nonce_cache_check(replay, "id", "100", "1", 700), NONCE_CACHE_SEEN);
    assert_int_equal(nonce_cache_check(replay, "id", "100", "1", 701), NONCE_CACHE_FRESH);
    nonce_cache_free(replay);
}

static void is_bounded(void **state)
{
    (void)state;
    struct nonce_cache *replay = nonce_cache_new(600, 2);
    assert_int_equal(nonce_cache_check(replay, "id", "100", "1", 100), NONCE_CACHE_FRESH);
    assert_int_equal(nonce_cache_check(replay, "id", "100", "2", 100), NONCE_CACHE_FRESH);
    assert_int_equal(nonce_cache_check(replay, "id", "100", "2", 100), NONCE_CACHE_SEEN);
    assert_int_equal(nonce_cache_check(replay, "id", "100", "3", 100), NONCE_CACHE_FRESH);
    assert_int_equal(nonce_cache_check(replay, "id", "100", "3", 100), NONCE_CACHE_SEEN);
    assert_int_equal(nonce_cache_check(replay, "id", "100", "1", 100),
                     NONCE_CACHE_FRESH); /* the oldest had gone */
    nonce_cache_free(replay);
    nonce_cache_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(triples), cmocka_unit_test(forgets),
                                       cmocka_unit_test(is_bounded)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
