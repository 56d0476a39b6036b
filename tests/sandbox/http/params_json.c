#include "tests/unit.h"

#include "base/buf.h"
#include "sandbox/http/params.h"

#include <string.h>

/* What is read, as name=kind:value|name=kind:value; NULL: it is refused. */
static const struct {
    const char *body;
    const char *read;
} rows[] = {
    {"{}", ""},
    {"{\"VpcId\":\"vpc-1\"}", "VpcId=s:vpc-1"},
    {"{\"InstanceIds\":[\"a\",\"b\"]}", "InstanceIds.0=s:a|InstanceIds.1=s:b"},
    {"{\"Filters\":[{\"Name\":\"n\",\"Values\":[\"v\"]}]}", "Filters.0.Name=s:n|Filters.0.Values.0=s:v"},
    {"{\"a\":[],\"b\":{}}", ""},
    {"{\"a\":1,\"b\":-9223372036854775808}", "a=n:1|b=n:-9223372036854775808"},
    {"{\"a\":true,\"b\":false,\"c\":null,\"d\":1.5}", "a=b:true|b=b:false|c=o:|d=o:"},
    {"{\"a\":\"\\u672a\"}", "a=s:\xe6\x9c\xaa"},
    {"[]", NULL},
    {"\"a\"", NULL},
    {"", NULL},
    {"{\"a\":1} x", NULL},
    {"{\"a\":1,\"a\":2}", NULL},
    {"{\"a.0\":1}", NULL},
    {"{\"a_0\":1}", NULL},
    {"{\"\":1}", NULL},
    {"{\"a\":\"\\u0000\"}", NULL},
    {"{\"a\":[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]}", NULL},
};

static void put(struct buf *out, const struct params *params)
{
    static const char kinds[] = {[PARAM_FORM] = 'f',
                                 [PARAM_STRING] = 's',
                                 [PARAM_NUMBER] = 'n',
                                 [PARAM_BOOL] = 'b',
                                 [PARAM_OTHER] = 'o'};
    for (size_t i = 0; i < params->count; i++)
        buf_put_format(out, "%s%s=%c:%s", i == 0 ? "" : "|", params->list[i].name,
                       kinds[params->list[i].kind], params->list[i].value);
}

static void reads(void **state)
{
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct params params;
        struct buf read;
        buf_init(&read, 4096);
        int result = params_json_parse(&params, rows[i].body, strlen(rows[i].body), NULL);
        put(&read, &params);
        wrong += unit_differs(rows[i].body, rows[i].read, result == 0 ? buf_text(&read) : NULL);
        params_done(&params);
        buf_done(&read);
    }
    assert_int_equal(wrong, 0);
}

static void too_many(void **state)
{
    (void)state;
    struct params params;
    struct buf body;
    struct err err = {0};
    buf_init(&body, 64 * 1024);
    buf_put(&body, "{\"a\":[1");
    for (int i = 0; i < PARAMS_MAX; i++)
        buf_put(&body, ",1");
    buf_put(&body, "]}");
    assert_int_equal(params_json_parse(&params, body.bytes, body.length, &err), -1);
    assert_string_equal(err.text, "more than 1024 parameters");
    params_done(&params);
    buf_done(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(reads), cmocka_unit_test(too_many)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
