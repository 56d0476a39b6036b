#include "auth/call.h"

#include "tests/unit.h"

#include <string.h>

enum { CEILING = 256 * 1024, PARAMS = 5 };

static struct config_param params[PARAMS] = {
    {.name = "vpcId", .type = CONFIG_STRING},  {.name = "instanceIds", .type = CONFIG_STRINGS},
    {.name = "limit", .type = CONFIG_INTEGER}, {.name = "vpcName", .type = CONFIG_STRING},
    {.name = "tags", .type = CONFIG_STRINGS},
};
static const struct config_route route = {.params = params, .param_count = PARAMS};
static const struct config_upstream upstream = {.name = "vpc", .region = "ap-guangzhou"};
/* What signs: API 2.0 by default, API 3.0 with the query signature, API 3.0 by a hash of JSON. */
static const struct config_upstream sha256 = {.name = "vpc", .region = "a", .scheme = CONFIG_HMAC_SHA256};
static const struct config_upstream query = {
    .name = "vpc", .region = "a", .api = CONFIG_API3, .scheme = CONFIG_HMAC_SHA256};
static const struct config_upstream tc3 = {
    .name = "vpc", .region = "a", .api = CONFIG_API3, .scheme = CONFIG_TC3};
static struct arena *arena;

static int enter(void **state)
{
    arena = arena_new(CEILING);
    *state = arena == NULL ? NULL : call_new(&route, &upstream, arena);
    return *state == NULL ? -1 : 0;
}

static int leave(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static int add(struct call *call, const struct config_param *param, const char *value)
{
    struct err err = {0};
    const char **values = arena_array(arena, 1, sizeof *values);
    assert_non_null(values);
    values[0] = value;
    int result = call_add(call, param, values, 1, &err);
    assert_true((result == 0) == (err.kind == ERR_NONE));
    if (err.kind != ERR_NONE)
        assert_memory_equal(err.text, param->name, strlen(param->name)); /* the sentence names the field */
    return result;
}

static void keeps_the_callers_order(void **state)
{
    const char *ids[] = {"ins-b", "ins-a", "ins-c"};
    struct call *call = *state;
    struct err err = {0};
    assert_int_equal(call_add(call, &params[1], ids, 3, &err), 0);
    assert_int_equal(add(call, &params[0], "vpc-1"), 0);
    const struct call_param *found = call_find(call, "instanceIds");
    assert_non_null(found);
    assert_true(found->list);
    assert_int_equal(found->count, 3);
    assert_string_equal(found->values[0], "ins-b");
    assert_string_equal(found->values[2], "ins-c");
    assert_false(call_find(call, "vpcId")->list);
    assert_null(call_find(call, "vpcID"));
    assert_ptr_equal(call->route, &route);
    assert_ptr_equal(call->upstream, &upstream);
}

/* What could be read differently once it stands in the signed string, joined raw by '=' and '&'; JSON that is
 * hashed has no such place. */
static void ambiguous_values_are_refused(void **state)
{
    static const struct config_upstream *const joined[] = {&upstream, &sha256, &query};
    static const struct {
        const char *value;
        bool good, hashed;
    } rows[] = {
        {"vpc-2ari9m7h", true, true},
        {"a_b.c-d~e", true, true},
        {"a b", true, true},
        {"50%", true, true},
        {"a@b", true, true},
        {"", true, true},
        {"\xE6\x97\xA5", true, true},
        {"vpc-1&Action=DeleteVpc", false, true},
        {"&", false, true},
        {"a=b", false, true},
        {"=", false, true},
        {"@/etc/passwd", false, true},
        {"@", false, true},
        {"a\nb", false, true},
        {"\n", false, true},
        {"a\rb", false, true},
        {"a\tb", false, true},
        {"\x01", false, true},
        {"a\x1F", false, true},
        {"a\x7F", false, true},
        {"a\xFF", false, false},
        {"\xC0\xAF", false, false},
        {"\xED\xA0\x80", false, false},
    };
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        for (size_t j = 0; j < COUNT(joined); j++) {
            struct call *call = call_new(&route, joined[j], arena);
            assert_non_null(call);
            wrong += unit_wrong(rows[i].value, (add(call, &params[0], rows[i].value) == 0) == rows[i].good);
            wrong += unit_wrong(rows[i].value, call->param_count == (rows[i].good ? 1 : 0));
        }
        struct call *call = call_new(&route, &tc3, arena);
        assert_non_null(call);
        wrong += unit_wrong(rows[i].value, (add(call, &params[0], rows[i].value) == 0) == rows[i].hashed);
    }
    assert_int_equal(wrong, 0);
}

/* Joined, it would be as if nobody had said it. */
static void an_empty_list_is_for_a_hash(void **state)
{
    struct err err = {0};
    (void)state;
    struct call *joined = call_new(&route, &query, arena);
    struct call *hashed = call_new(&route, &tc3, arena);
    assert_int_equal(call_add(joined, &params[4], NULL, 0, &err), -1);
    assert_non_null(strstr(err.text, "tags is an empty list, which cannot be told from none"));
    assert_int_equal(call_add(hashed, &params[0], NULL, 0, NULL), -1);
    assert_int_equal(call_add(hashed, &params[4], NULL, 0, NULL), 0);
    assert_int_equal(call_find(hashed, "tags")->count, 0);
}

static void one_bad_value_refuses_the_list(void **state)
{
    const char *ids[] = {"ins-a", "ins-b&vpcId=vpc-1"};
    struct err err = {0};
    assert_int_equal(call_add(*state, &params[1], ids, 2, &err), -1);
    assert_null(call_find(*state, "instanceIds"));
}

static void length_is_bounded(void **state)
{
    char value[CONFIG_LENGTH_MAX + 2];
    struct call *call = *state;
    memset(value, 'x', sizeof value);
    value[CONFIG_LENGTH_MAX] = '\0';
    assert_int_equal(add(call, &params[0], value), 0);
    value[CONFIG_LENGTH_MAX] = 'x';
    value[CONFIG_LENGTH_MAX + 1] = '\0';
    assert_int_equal(add(call, &params[3], value), -1);
}

/* Whatever the catalog said: '_' and '.' are one in the signed string, and the common parameters are ours. */
static void ambiguous_names_are_refused(void **state)
{
    static const char *const names[] = {
        "instance_Ids",    "instanceIds.0", "_a",        "a=b",      "a&b",       "",      "Action",
        "Region",          "Nonce",         "Timestamp", "SecretId", "Signature", "Token", "Version",
        "SignatureMethod", "a b",           "a\n",       "\xC3\xA9"};
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        struct config_param param = {.name = names[i], .type = CONFIG_STRING};
        struct call *call = call_new(&route, &upstream, arena);
        assert_non_null(call);
        wrong += unit_wrong(names[i], add(call, &param, "x") == -1);
    }
    assert_int_equal(wrong, 0);
}

/* Two values under one name would be two pairs of which a reader may take either. */
static void one_value_has_one_value(void **state)
{
    const char *values[] = {"vpc-1", "vpc-2"};
    struct err err = {0};
    assert_int_equal(call_add(*state, &params[0], values, 2, &err), -1);
}

static void a_name_comes_once(void **state)
{
    assert_int_equal(add(*state, &params[0], "vpc-1"), 0);
    assert_int_equal(add(*state, &params[0], "vpc-2"), -1);
    assert_string_equal(call_find(*state, "vpcId")->values[0], "vpc-1");
}

static void no_more_than_the_route_has(void **state)
{
    static const struct config_param extra = {.name = "extra", .type = CONFIG_STRING};
    for (size_t i = 0; i < PARAMS; i++)
        assert_int_equal(add(*state, &params[i], "1"), 0);
    assert_int_equal(add(*state, &extra, "1"), -1);
}

static void a_sealed_call_is_finished(void **state)
{
    struct call *call = *state;
    struct err err = {0};
    assert_int_equal(call_set_region(call, "ap-guangzhou", &err), 0);
    call_seal(call);
    assert_true(call->sealed);
    assert_int_equal(add(call, &params[0], "vpc-1"), -1);
    assert_int_equal(call_set_region(call, "ap-shanghai", &err), -1);
    assert_string_equal(call->region, "ap-guangzhou");
    assert_int_equal(call->param_count, 0);
}

static void regions(void **state)
{
    static const struct {
        const char *region;
        bool good;
    } rows[] = {
        {"ap-guangzhou", true},
        {"gz", true},
        {"na-siliconvalley", true},
        {"ap-shanghai-fsi", true},
        {"", false},
        {"ap_guangzhou", false},
        {"ap-guangzhou&Action=x", false},
        {"ap guangzhou", false},
        {"../x", false},
        {"ap-\xC3\xA9", false},
        {"a\n", false},
        {"*", false},
    };
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct call *call = call_new(&route, &upstream, arena);
        struct err err = {0};
        assert_non_null(call);
        bool good = call_set_region(call, rows[i].region, &err) == 0;
        wrong += unit_wrong(rows[i].region, good == rows[i].good);
        wrong += unit_differs(rows[i].region, rows[i].good ? rows[i].region : NULL, call->region);
    }
    assert_int_equal(wrong, 0);
}

#define WITH_CALL(test) cmocka_unit_test_setup_teardown(test, enter, leave)
int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CALL(keeps_the_callers_order),
        WITH_CALL(ambiguous_values_are_refused),
        WITH_CALL(an_empty_list_is_for_a_hash),
        WITH_CALL(one_bad_value_refuses_the_list),
        WITH_CALL(length_is_bounded),
        WITH_CALL(ambiguous_names_are_refused),
        WITH_CALL(one_value_has_one_value),
        WITH_CALL(a_name_comes_once),
        WITH_CALL(no_more_than_the_route_has),
        WITH_CALL(a_sealed_call_is_finished),
        WITH_CALL(regions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
