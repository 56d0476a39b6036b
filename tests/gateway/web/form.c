/* application/x-www-form-urlencoded: the parser of the URL standard, but for what is no text. */
#include "gateway/web/form.h"

#include "tests/unit.h"

static const struct {
    const char *text;
    const char *value; /* of a; NULL: there is none */
} rows[] = {
    {NULL, NULL},
    {"", NULL},
    {"a", NULL},
    {"b=1", NULL},
    {"ab=1", NULL},
    {"a=", ""},
    {"a=1", "1"},
    {"b=2&a=1&a=3", "1"},
    {"&&a=1", "1"},
    {"a=x+y%20z", "x y z"},
    {"a=%E4%B8%AD%3C", "\xe4\xb8\xad<"},
    {"a=1%0D%0A2", "1\r\n2"},
    {"a=%00", NULL},
    {"a=%1B", NULL},
    {"a=%FF", NULL},
    {"a=%", NULL},
    {"a=%4", NULL},
    {"a=%4&b=1", NULL},
    {"a=%zz", NULL},
    {"a=1234567", "1234567"},
    {"a=12345678", NULL},
};

static void each_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char value[8];
        assert_int_equal(form_value(rows[i].text, "a", value, sizeof value), rows[i].value != NULL);
        assert_string_equal(value, rows[i].value == NULL ? "" : rows[i].value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_row)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
