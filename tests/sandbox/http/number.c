#include "tests/unit.h"

#include "sandbox/http/number.h"

#include <limits.h>

static void good(void **state)
{
    (void)state;
    long long number = 7;
    assert_true(number_parse("0", 0, 10, &number));
    assert_int_equal(number, 0);
    assert_true(number_parse("-600", -1000, 10, &number));
    assert_int_equal(number, -600);
    assert_true(number_parse("9223372036854775807", 0, LLONG_MAX, &number));
    assert_true(number == LLONG_MAX);
}

static void bad(void **state)
{
    (void)state;
    static const char *const texts[] = {"",   "-",   "-1",  "+1", " 1",
                                        "1 ", "0x1", "1.0", "11", "9223372036854775808"};
    long long number = 7;
    for (size_t i = 0; i < COUNT(texts); i++)
        assert_false(number_parse(texts[i], 0, 10, &number));
    assert_false(number_parse("9223372036854775808", 0, LLONG_MAX, &number));
    assert_false(number_parse("--1", -10, 10, &number));
    assert_int_equal(number, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(good), cmocka_unit_test(bad)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
