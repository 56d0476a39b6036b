#include "base/err.h"

#include "tests/unit.h"

#include <string.h>

static void first_cause_wins(void **state)
{
    struct err err = {0};
    (void)state;
    assert_int_equal(err_set(&err, ERR_INPUT, "the port is %d", 70000), -1);
    assert_int_equal(err_set(&err, ERR_SYSTEM, "later"), -1);
    assert_int_equal(err.kind, ERR_INPUT);
    assert_string_equal(err.text, "the port is 70000");
}

static void cleared_is_new(void **state)
{
    struct err err = {0};
    (void)state;
    (void)err_set(&err, ERR_INPUT, "first");
    err_clear(&err);
    assert_int_equal(err.kind, ERR_NONE);
    assert_string_equal(err.text, "");
    assert_int_equal(err_memory(&err), -1);
    assert_int_equal(err.kind, ERR_MEMORY);
    assert_string_equal(err.text, "out of memory");
}

static void nobody_may_want_to_know(void **state)
{
    (void)state;
    assert_int_equal(err_set(NULL, ERR_INPUT, "unheard"), -1);
    assert_int_equal(err_memory(NULL), -1);
}

static void endless_text_is_cut(void **state)
{
    struct err err = {0};
    char text[2 * sizeof err.text];
    (void)state;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_int_equal(err_set(&err, ERR_INPUT, "%s", text), -1);
    assert_int_equal(strlen(err.text), sizeof err.text - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_cause_wins),
        cmocka_unit_test(cleared_is_new),
        cmocka_unit_test(nobody_may_want_to_know),
        cmocka_unit_test(endless_text_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
