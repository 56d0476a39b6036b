/* Each allocation fails once: a document is whole, or there is none. */
#include "base/document.h"

#include "tests/unit.h"

#include <stdlib.h>
#include <string.h>

/* Strings longer than the 16 bytes that jansson begins with, keys, and every kind of value. */
static const char text[] = "{\"code\":0,\"message\":\"\",\"a key of more than sixteen bytes\":[{\"vpcId\":"
                           "\"vpc-0123456789abcdefghijklmnopqrstuv\",\"nested\":{\"number\":-1,\"real\":1.5,"
                           "\"yes\":true,\"nothing\":null,\"\\u001B\":\"\xE2\x80\xAE\"}},[],{}]}";

static int countdown; /* 1: the next one fails; 0: none does */

/* The linker's --wrap=malloc: what the program under test calls. */
void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

void *__wrap_malloc(size_t size)
{
    return countdown > 0 && --countdown == 0 ? NULL : __real_malloc(size);
}

static void test_read_whole_or_not_at_all(void **state)
{
    (void)state;
    unsigned failed = 0;
    json_error_t where;
    json_t *whole = document_read(text, sizeof text - 1, &where);
    assert_non_null(whole);
    for (int n = 1; n < 200; n++) {
        countdown = n;
        json_t *root = document_read(text, sizeof text - 1, &where);
        bool all_good = countdown > 0;
        countdown = 0;
        failed += !all_good;
        assert_int_equal(root != NULL, all_good);
        assert_true(root == NULL ? where.line < 0 : json_equal(root, whole));
        json_decref(root);
    }
    assert_in_range(failed, 10, 150);
    json_decref(whole);
}

static void test_written_whole_or_not_at_all(void **state)
{
    (void)state;
    unsigned failed = 0;
    json_error_t where;
    json_t *value = document_read(text, sizeof text - 1, &where);
    assert_non_null(value);
    for (int n = 0; n < 50; n++) {
        struct arena *arena = arena_new(64 * 1024);
        assert_non_null(arena);
        countdown = n;
        const char *written = document_text(value, arena);
        failed += n > 0 && countdown == 0;
        countdown = 0;
        if (written != NULL)
            assert_string_equal(written, text);
        else
            assert_int_not_equal(n, 0);
        arena_free(arena);
    }
    assert_true(failed > 0);
    json_decref(value);
}

static void test_no_room(void **state)
{
    (void)state;
    struct arena *arena = arena_new(64 * 1024);
    json_t *value = json_array();
    assert_non_null(arena);
    for (int i = 0; i < 20000; i++)
        assert_int_equal(json_array_append_new(value, json_integer(1000000)), 0);
    assert_null(document_text(value, arena));
    json_decref(value);
    value = json_string("any value");
    assert_string_equal(document_text(value, arena), "\"any value\"");
    json_decref(value);
    arena_free(arena);
}

static void test_what_is_none(void **state)
{
    (void)state;
    json_error_t where;
    assert_null(document_read("{\"a\":1,\n\"a\":2}", 13, &where));
    assert_int_equal(where.line, 2);
    assert_null(document_read("{} x", 4, &where));
    assert_int_equal(where.line, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_read_whole_or_not_at_all),
                                       cmocka_unit_test(test_written_whole_or_not_at_all),
                                       cmocka_unit_test(test_no_room), cmocka_unit_test(test_what_is_none)};
    document_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
