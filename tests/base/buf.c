#include "base/buf.h"

#include "tests/unit.h"

#include <string.h>

static void puts_in_order(void **state)
{
    struct buf buf;
    (void)state;
    buf_init(&buf, 100);
    assert_string_equal(buf_text(&buf), "");
    buf_put(&buf, "GET");
    buf_put_char(&buf, ' ');
    buf_put_bytes(&buf, "/v2/index.php", 3);
    buf_put_int(&buf, -9223372036854775807LL - 1);
    buf_put_format(&buf, " %s=%d", "Nonce", 11886);
    buf_put_bytes(&buf, NULL, 0);
    assert_false(buf.failed);
    assert_string_equal(buf_text(&buf), "GET /v2-9223372036854775808 Nonce=11886");
    assert_int_equal(buf.length, strlen(buf_text(&buf)));
    buf_done(&buf);
}

static void bytes_may_be_any(void **state)
{
    struct buf buf;
    (void)state;
    buf_init(&buf, 8);
    buf_put_bytes(&buf, "a\0\xFF", 3);
    assert_int_equal(buf.length, 3);
    assert_memory_equal(buf_text(&buf), "a\0\xFF", 4);
    buf_done(&buf);
}

static void ceiling_is_exact(void **state)
{
    (void)state;
    for (size_t ceiling = 0; ceiling < 600; ceiling += 37) {
        struct buf buf;
        buf_init(&buf, ceiling);
        for (size_t i = 0; i < ceiling; i++)
            buf_put_char(&buf, 'x');
        assert_false(buf.failed);
        assert_int_equal(buf.length, ceiling);
        buf_put_char(&buf, 'y');
        assert_true(buf.failed);
        assert_int_equal(buf.length, ceiling);
        assert_null(strchr(buf_text(&buf), 'y'));
        buf_done(&buf);
    }
}

/* A put that would have fitted after one that did not must not make a text with a hole. */
static void failure_sticks(void **state)
{
    struct buf buf;
    (void)state;
    buf_init(&buf, 4);
    buf_put(&buf, "abc");
    buf_put(&buf, "defg");
    assert_true(buf.failed);
    buf_put(&buf, "h");
    buf_put_char(&buf, 'i');
    buf_put_int(&buf, 7);
    buf_put_format(&buf, "%d", 8);
    assert_string_equal(buf_text(&buf), "abc");
    buf_reset(&buf);
    assert_false(buf.failed);
    assert_string_equal(buf_text(&buf), "");
    buf_put(&buf, "wxyz");
    assert_false(buf.failed);
    assert_string_equal(buf_text(&buf), "wxyz");
    buf_done(&buf);
}

static void endless_format_fails_whole(void **state)
{
    struct buf buf;
    char text[5000];
    (void)state;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    buf_init(&buf, 100000);
    buf_put_format(&buf, "%s", text);
    assert_true(buf.failed);
    assert_int_equal(buf.length, 0);
    buf_done(&buf);
}

static void grows_over_many_sizes(void **state)
{
    struct buf buf;
    (void)state;
    buf_init(&buf, 1024 * 1024);
    for (int i = 0; i < 100000; i++)
        buf_put_int(&buf, i % 10);
    assert_false(buf.failed);
    assert_int_equal(buf.length, 100000);
    for (size_t i = 0; i < buf.length; i++)
        assert_int_equal(buf.bytes[i], '0' + (int)(i % 10));
    buf_done(&buf);
    assert_null(buf.bytes);
    buf_done(&buf); /* twice does no harm */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(puts_in_order),
        cmocka_unit_test(bytes_may_be_any),
        cmocka_unit_test(ceiling_is_exact),
        cmocka_unit_test(failure_sticks),
        cmocka_unit_test(endless_format_fails_whole),
        cmocka_unit_test(grows_over_many_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
