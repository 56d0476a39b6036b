/* What a parameter may be, as docs/routes.md has it: a row is a parameter, who signs, a value, and what
 * is said. */
#include "config/model/param_value.h"

#include "tests/unit.h"

#include <stdlib.h>
#include <string.h>

#define WIRES                                                                                                \
    {                                                                                                        \
        {.name = "a", .max_items = 3},                                                                       \
        {                                                                                                    \
            .name = "A", .max_items = 2                                                                      \
        }                                                                                                    \
    }

static const struct config_param whole = {
    .name = "a", .type = CONFIG_INTEGER, .min = INT64_MIN, .max = INT64_MAX, .max_items = 1, .wire = WIRES};
static const struct config_param below = {
    .name = "a", .type = CONFIG_INTEGER, .min = -5, .max = -1, .max_items = 1, .wire = WIRES};
static const struct config_param flag = {.name = "a", .type = CONFIG_BOOLEAN, .max_items = 1, .wire = WIRES};
static const struct config_param text = {
    .name = "a", .type = CONFIG_STRING, .length = 4, .max_items = 1, .wire = WIRES};
static const struct config_param maybe = {
    .name = "a", .type = CONFIG_STRING, .length = 4, .empty = true, .max_items = 1, .wire = WIRES};
static const struct config_param two_only = {
    .name = "a", .type = CONFIG_STRING, .length = 4, .max_items = 1, .wire = {{.name = "a", .max_items = 1}}};
static const struct config_param list = {
    .name = "a", .type = CONFIG_STRINGS, .length = 4, .max_items = 3, .wire = WIRES};
static const struct config_param any_list = {
    .name = "a", .type = CONFIG_STRINGS, .length = 4, .empty = true, .max_items = 3, .wire = WIRES};

static const struct config_upstream two = {.api = CONFIG_API2, .scheme = CONFIG_HMAC_SHA256};
static const struct config_upstream query = {.api = CONFIG_API3, .scheme = CONFIG_HMAC_SHA256};
static const struct config_upstream tc3 = {.api = CONFIG_API3, .scheme = CONFIG_TC3};

#define JOINED                                                                                               \
    "API 2.0 and the HmacSHA signatures join names and values before they sign them; an upstream of API "    \
    "3.0 "                                                                                                   \
    "with TC3-HMAC-SHA256 takes it"
#define NUMBER "a must be a whole number"
#define EMPTY  "a must not be empty"
#define LONG   "a is too long: it may have at most 4 bytes"
#define BELOW  "a must be -5 to -1"

static const struct {
    const struct config_param *param;
    const struct config_upstream *upstream;
    const char *value;
    const char *said; /* NULL: it is good */
} rows[] = {
    {&whole, &two, "0", NULL},
    {&whole, &two, "-1", NULL},
    {&whole, &tc3, "9223372036854775807", NULL},
    {&whole, &tc3, "-9223372036854775808", NULL},
    {&whole, &tc3, "9223372036854775808", NUMBER},
    {&whole, &tc3, "-9223372036854775809", NUMBER},
    {&whole, &tc3, "18446744073709551616", NUMBER}, /* 2^64, which is 0 where it wraps */
    {&whole, &tc3, "", NUMBER},
    {&whole, &tc3, "-", NUMBER},
    {&whole, &tc3, "-0", NUMBER},
    {&whole, &tc3, "00", NUMBER},
    {&whole, &tc3, "-01", NUMBER},
    {&whole, &tc3, "+1", NUMBER},
    {&whole, &tc3, " 1", NUMBER},
    {&whole, &tc3, "1\n", NUMBER},
    {&whole, &tc3, "1e1", NUMBER},
    {&whole, &tc3, "0x1", NUMBER},
    {&whole, &tc3, "--1", NUMBER},
    {&below, &two, "-5", NULL},
    {&below, &two, "-1", NULL},
    {&below, &two, "-6", BELOW},
    {&below, &two, "0", BELOW},
    {&flag, &two, "true", NULL},
    {&flag, &two, "false", NULL},
    {&flag, &two, "True", "a must be true or false"},
    {&flag, &two, "", "a must be true or false"},
    {&text, &two, "abcd", NULL},
    {&text, &two, "abcde", LONG},
    {&text, &two, "\xF0\x9F\x98\x80", NULL}, /* one character of four bytes */
    {&text, &two,
     "\xC3\xA9\xC3\xA9"
     "a",
     LONG},
    {&text, &two, "", EMPTY},
    {&maybe, &two, "", NULL},
    {&maybe, &tc3, "", NULL},
    {&list, &tc3, "", EMPTY},
    {&any_list, &tc3, "", EMPTY}, /* `empty` is about the list */
    {&two_only, &two, "x", NULL},
    {&two_only, &tc3, "x", "a is not supported by the API version of this upstream"},
    {&two_only, NULL, "x", NULL},
};

static const struct {
    const struct config_upstream *upstream;
    const char *value;
    const char *said;
} sendable[] = {
    {&two, "a b", NULL},
    {&two, "a&b", "a holds '&', where another parameter could begin: " JOINED},
    {&query, "a=b", "a holds '=', where another parameter could begin: " JOINED},
    {&two, "@a", "a begins with '@', as the name of a file does: " JOINED},
    {&two, "a@", NULL},
    {&two, "a\n", "a holds a control character (U+000A): " JOINED},
    {&query, "a\x7F", "a holds a control character (U+007F): " JOINED},
    {&two, "\xFF", "a is too long, or not UTF-8"},
    {&tc3, "@a&b=c\n\t\x01\x7F", NULL},
    {&tc3, "\xFF", "a is too long, or not UTF-8"},
    {NULL, "a&b", NULL}, /* nobody signs */
};

static int differs(const char *what, const char *said, int result, const struct err *err)
{
    return unit_wrong(what, (result == 0) == (said == NULL) && (result == 0) == (err->kind == ERR_NONE)) +
           unit_differs(what, said == NULL ? "" : said, err->text);
}

static void every_value(void **state)
{
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err err = {0};
        int result = param_value_check(rows[i].param, rows[i].upstream, rows[i].value, &err);
        wrong += differs(rows[i].value, rows[i].said, result, &err);
        const char *values[] = {rows[i].value}; /* and as the only one, and as a default */
        err_clear(&err);
        result = param_value_check_all(rows[i].param, rows[i].upstream, values, 1, &err);
        wrong += differs(rows[i].value, rows[i].said, result, &err);
        if (rows[i].param->type != CONFIG_STRINGS)
            wrong += unit_wrong(rows[i].value,
                                (param_value_check_default(rows[i].param, rows[i].upstream, rows[i].value,
                                                           NULL) == 0) == (rows[i].said == NULL));
    }
    assert_int_equal(wrong, 0);
}

static void what_can_be_signed(void **state)
{
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(sendable); i++) {
        struct err err = {0};
        int result = param_value_check_signed("a", sendable[i].upstream, sendable[i].value, &err);
        wrong += differs(sendable[i].value, sendable[i].said, result, &err);
    }
    assert_int_equal(wrong, 0);
}

static void lists(void **state)
{
    static const char *const values[] = {"x", "y", "z", "x"};
    struct err err = {0};
    (void)state;
    assert_int_equal(param_value_check_all(&list, &two, values, 3, &err), 0);
    assert_int_equal(param_value_check_all(&list, &tc3, values, 3, &err), -1); /* it has fewer there */
    assert_string_equal(err.text, "a may have at most 2 items");
    err_clear(&err);
    assert_int_equal(param_value_check_all(&text, &two, values, 2, &err), -1);
    assert_string_equal(err.text, "a is given more than once");
    err_clear(&err);
    static const char *const twice[] = {"x", "x"};
    assert_int_equal(param_value_check_all(&list, &two, twice, 2, &err), -1);
    assert_string_equal(err.text, "a holds the same value twice");
    err_clear(&err);
    assert_int_equal(param_value_check_all(&list, &tc3, NULL, 0, &err), -1);
    assert_string_equal(err.text, "a must be an array of at least one string");
    err_clear(&err);
    assert_int_equal(param_value_check_all(&any_list, &tc3, NULL, 0, &err), 0);
    assert_int_equal(param_value_check_all(&any_list, &query, NULL, 0, &err), -1);
    assert_string_equal(err.text,
                        "a is an empty list, which cannot be told from none: leave it out; " JOINED);
    err_clear(&err);
    assert_int_equal(param_value_check_default(&list, &tc3, "x", &err), -1);
    assert_string_equal(err.text, "a is a list, which has no default");
}

/* What no catalog could allow, since a body holds no more. */
static void no_text_is_longer_than_a_body(void **state)
{
    char *longest = malloc(CONFIG_LENGTH_MAX + 2);
    (void)state;
    assert_non_null(longest);
    memset(longest, 'x', CONFIG_LENGTH_MAX + 1);
    longest[CONFIG_LENGTH_MAX + 1] = '\0';
    assert_int_equal(param_value_check_signed("a", &tc3, longest, NULL), -1);
    longest[CONFIG_LENGTH_MAX] = '\0';
    assert_int_equal(param_value_check_signed("a", &tc3, longest, NULL), 0);
    free(longest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_value),
        cmocka_unit_test(what_can_be_signed),
        cmocka_unit_test(lists),
        cmocka_unit_test(no_text_is_longer_than_a_body),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
