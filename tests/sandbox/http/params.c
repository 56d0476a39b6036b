#include "tests/unit.h"

#include "base/buf.h"
#include "sandbox/http/params.h"

#include <string.h>

/* What is read, as name=value|name=value; NULL: it is refused. */
static const struct {
    const char *wire;
    const char *read;
} rows[] = {
    {"", ""},
    {"&&", ""},
    {"a=1", "a=1"},
    {"b=2&a=1", "a=1|b=2"},
    {"a", "a="},
    {"a=", "a="},
    {"a==b=", "a==b="},
    {"a=x+y%2Bz", "a=x y+z"},
    {"a=%2541", "a=%41"}, /* decoded once */
    {"a=%e4%BD%a0", "a=\xe4\xbd\xa0"},
    {"%61=1", "a=1"},
    {"a=%26b%3Dc", "a=&b=c"},
    {"B=1&a=2&A=3", "A=3|B=1|a=2"},                   /* upper case first */
    {"I.12=a&I.2=b", "I.12=a|I.2=b"},                 /* the vendor's own example of the order */
    {"a_b=1&a0=2&a-=3&aB=4", "a-=3|a0=2|aB=4|a.b=1"}, /* sorted with '_', then replaced */
    {"a_b=x_y", "a.b=x_y"},
    {"a=1&a=1", NULL},
    {"a.b=1&a_b=2", NULL},
    {"a=1&%61=2", NULL},
    {"=1", NULL},
    {"a=%", NULL},
    {"a=%4", NULL},
    {"a=%4g", NULL},
    {"a=%%41", NULL},
    {"a=%00", NULL},
    {"%00=a", NULL},
};

static void put_all(struct buf *out, const struct params *params)
{
    for (size_t i = 0; i < params->count; i++)
        buf_put_format(out, "%s%s=%s", i == 0 ? "" : "|", params->list[i].name, params->list[i].value);
}

static int check_row(const char *wire, const char *read)
{
    struct buf out;
    struct params params;
    struct err err = {0};
    buf_init(&out, 1024);
    int result = params_parse(&params, wire, strlen(wire), &err);
    put_all(&out, &params);
    int wrong = unit_wrong(wire, (result == 0) == (err.text[0] == '\0'));
    wrong += unit_differs(wire, read, result == 0 ? buf_text(&out) : NULL);
    params_done(&params);
    buf_done(&out);
    return wrong;
}

static void table(void **state)
{
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < COUNT(rows); i++)
        wrong += check_row(rows[i].wire, rows[i].read);
    assert_int_equal(wrong, 0);
}

static void at_most(void **state)
{
    (void)state;
    struct params params;
    struct buf wire;
    buf_init(&wire, 1024 * 1024);
    for (int i = 0; i < PARAMS_MAX; i++)
        buf_put_format(&wire, "p%d=&", i);
    assert_int_equal(params_parse(&params, wire.bytes, wire.length, NULL), 0);
    assert_int_equal(params.count, PARAMS_MAX);
    params_done(&params);
    buf_put(&wire, "one=more");
    assert_int_equal(params_parse(&params, wire.bytes, wire.length, NULL), -1);
    params_done(&params);
    buf_done(&wire);
}

static int count_of(const char *wire, size_t *count)
{
    struct params params;
    assert_int_equal(params_parse(&params, wire, strlen(wire), NULL), 0);
    int result = params_count(&params, "ids", count, NULL);
    params_done(&params);
    return result;
}

static void arrays(void **state)
{
    (void)state;
    size_t count = 9;
    assert_int_equal(count_of("idsx.0=a", &count), 0);
    assert_int_equal(count, 0);
    assert_int_equal(count_of("ids.1=b&ids_0=a", &count), 0);
    assert_int_equal(count, 2);
    static const char *const bad[] = {"ids=a",    "ids.1=a", "ids.0=a&ids.2=b",
                                      "ids.00=a", "ids.x=a", "ids.0.0=a"};
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_int_equal(count_of(bad[i], &count), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(table), cmocka_unit_test(at_most),
                                       cmocka_unit_test(arrays)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
