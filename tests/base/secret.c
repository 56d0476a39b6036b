#include "base/secret.h"

#include "tests/unit.h"

#include <stdlib.h>
#include <string.h>

static void holds_any_bytes(void **state)
{
    struct secret *secret = secret_new("a\0b", 3);
    (void)state;
    assert_non_null(secret);
    assert_int_equal(secret_length(secret), 3);
    assert_memory_equal(secret_bytes(secret), "a\0b", 4); /* and a NUL behind */
    secret_free(secret);
    secret_free(NULL);
}

static void copies(void **state)
{
    char bytes[] = "Gu5t9xGARNpq86cd98joQYCN3Cozk1qA";
    struct secret *secret = secret_new(bytes, strlen(bytes));
    (void)state;
    assert_non_null(secret);
    memset(bytes, 'x', sizeof bytes - 1);
    assert_string_equal(secret_bytes(secret), "Gu5t9xGARNpq86cd98joQYCN3Cozk1qA");
    secret_free(secret);
}

static void equal_is_every_byte(void **state)
{
    const char bytes[] = "Gu5t9xGARNpq86cd98joQYCN3Cozk1qA";
    size_t length = sizeof bytes - 1;
    struct secret *secret = secret_new(bytes, length);
    (void)state;
    assert_non_null(secret);
    assert_true(secret_equal(secret, bytes, length));
    assert_false(secret_equal(secret, bytes, length - 1));
    assert_false(secret_equal(secret, bytes, length + 1));
    assert_false(secret_equal(secret, "", 0));
    for (size_t i = 0; i < length * 8; i++) {
        char other[sizeof bytes];
        memcpy(other, bytes, sizeof bytes);
        other[i / 8] = (char)(other[i / 8] ^ (1 << i % 8));
        assert_false(secret_equal(secret, other, length));
    }
    secret_free(secret);
}

static void empty_is_a_secret(void **state)
{
    struct secret *secret = secret_new(NULL, 0);
    (void)state;
    assert_non_null(secret);
    assert_string_equal(secret_bytes(secret), "");
    assert_true(secret_equal(secret, "", 0));
    secret_free(secret);
}

static void length_is_bounded(void **state)
{
    char *bytes = calloc(SECRET_MAX + 1, 1);
    (void)state;
    assert_non_null(bytes);
    struct secret *longest = secret_new(bytes, SECRET_MAX);
    assert_non_null(longest);
    assert_null(secret_new(bytes, SECRET_MAX + 1));
    assert_null(secret_new(bytes, SIZE_MAX));
    secret_free(longest);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds_any_bytes),     cmocka_unit_test(copies),
        cmocka_unit_test(equal_is_every_byte), cmocka_unit_test(empty_is_a_secret),
        cmocka_unit_test(length_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
