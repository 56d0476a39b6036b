#include "base/unique_id.h"

#include "tests/unit.h"

#include <stdlib.h>
#include <string.h>

enum { MANY = 100000 };

static int by_bytes(const void *a, const void *b)
{
    const unsigned char *x = a;
    const unsigned char *y = b;
    size_t i = 0;
    while (i + 1 < UNIQUE_ID_SIZE && x[i] == y[i])
        i++;
    return x[i] - y[i];
}

static void none_comes_twice(void **state)
{
    struct unique_id ident;
    unsigned char(*all)[UNIQUE_ID_SIZE] = calloc(MANY, UNIQUE_ID_SIZE);
    (void)state;
    assert_non_null(all);
    assert_int_equal(unique_id_init(&ident), 0);
    for (size_t i = 0; i < MANY; i++)
        unique_id_take(&ident, all[i]);
    qsort(all, MANY, UNIQUE_ID_SIZE, by_bytes);
    for (size_t i = 1; i < MANY; i++)
        assert_int_not_equal(by_bytes(all[i - 1], all[i]), 0);
    free(all);
}

/* Each half by itself: a trace's span is the first one. */
static void no_half_comes_twice(void **state)
{
    struct unique_id ident;
    unsigned char one[UNIQUE_ID_SIZE];
    unsigned char two[UNIQUE_ID_SIZE];
    (void)state;
    assert_int_equal(unique_id_init(&ident), 0);
    unique_id_take(&ident, one);
    for (int i = 0; i < MANY; i++) {
        unique_id_take(&ident, two);
        uint64_t words[4];
        memcpy(words, one, UNIQUE_ID_SIZE);
        memcpy(words + 2, two, UNIQUE_ID_SIZE);
        assert_true(words[0] != words[2] && words[1] != words[3]);
    }
}

/* A process that starts again does not say what another has said. */
static void another_process_says_others(void **state)
{
    struct unique_id first;
    struct unique_id second;
    unsigned char one[UNIQUE_ID_SIZE];
    unsigned char two[UNIQUE_ID_SIZE];
    (void)state;
    assert_int_equal(unique_id_init(&first) + unique_id_init(&second), 0);
    unique_id_take(&first, one);
    unique_id_take(&second, two);
    assert_int_not_equal(by_bytes(one, two), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(none_comes_twice),
        cmocka_unit_test(no_half_comes_twice),
        cmocka_unit_test(another_process_says_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
