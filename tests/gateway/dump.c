/* Each allocation of jansson's fails once: a text is whole, or there is none. */
#include "gateway/dump.h"

#include "tests/unit.h"

#include <stdlib.h>
#include <string.h>

static const char text[] =
    "{\"code\":0,\"message\":\"\",\"data\":[{\"vpcId\":\"vpc-2ari9m7h\",\"nested\":{\"number\":-1,"
    "\"real\":1.5,\"yes\":true,\"nothing\":null,\"\\u001B\":\"\xE2\x80\xAE\"}},[],{}]}";

static int countdown; /* 1: the next one fails; 0: none does */

static void *allocate(size_t size)
{
    return countdown > 0 && --countdown == 0 ? NULL : malloc(size);
}

static void test_whole_or_nothing(void **state)
{
    (void)state;
    unsigned failed = 0;
    struct arena *arena = arena_new(1024 * 1024);
    assert_non_null(arena);
    json_set_alloc_funcs(allocate, free);
    json_t *value = json_loads(text, 0, NULL);
    assert_non_null(value);
    for (int n = 0; n < 100; n++) {
        countdown = n;
        const char *dumped = dump_json(value, arena);
        failed += n > 0 && countdown == 0;
        if (dumped != NULL)
            assert_string_equal(dumped, text);
        else
            assert_int_not_equal(n, 0);
    }
    countdown = 0;
    assert_true(failed > 0);
    json_decref(value);
    json_set_alloc_funcs(malloc, free);
    arena_free(arena);
}

static void test_no_room(void **state)
{
    (void)state;
    struct arena *arena = arena_new(64 * 1024);
    json_t *value = json_array();
    assert_non_null(arena);
    for (int i = 0; i < 20000; i++)
        assert_int_equal(json_array_append_new(value, json_integer(1000000)), 0);
    assert_null(dump_json(value, arena));
    json_decref(value);
    value = json_string("any value");
    assert_string_equal(dump_json(value, arena), "\"any value\"");
    json_decref(value);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_whole_or_nothing),
                                       cmocka_unit_test(test_no_room)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
