/* Every value of a page goes through one writer: nothing in it is markup.  The five characters are those of
 * the HTML standard's "Escaping a string" and the apostrophe; CSV by RFC 4180. */
#include "gateway/web/html.h"

#include "tests/unit.h"

#include <string.h>

static const struct {
    const char *text;
    const char *written;
} rows[] = {
    {"", ""},
    {"plain", "plain"},
    {"<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"},
    {"\" onload=\"x", "&quot; onload=&quot;x"},
    {"' onload='x", "&#39; onload=&#39;x"},
    {"&lt;", "&amp;lt;"},
    {"a\x1b[2J", "a\xEF\xBF\xBD[2J"},
    {"a\x7f", "a\xEF\xBF\xBD"},
    {"a\xff<", "a\xEF\xBF\xBD&lt;"},
    {"\xc0\xbc", "\xEF\xBF\xBD\xEF\xBF\xBD"}, /* an overlong '<' */
    {"\xe4\xb8\xad\n\t", "\xe4\xb8\xad\n\t"},
    {"%s%lld%n", "%s%lld%n"},
};

static void each_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf out;
        buf_init(&out, 4096);
        html_put(&out, "<b title=\"%s\">%lld</b>", rows[i].text, 7LL);
        assert_false(out.failed);
        assert_memory_equal(buf_text(&out), "<b title=\"", 10);
        size_t length = strlen(rows[i].written);
        assert_memory_equal(buf_text(&out) + 10, rows[i].written, length);
        assert_string_equal(buf_text(&out) + 10 + length, "\">7</b>");
        buf_done(&out);
    }
}

/* Whatever the bytes: no character that begins or ends markup, and no reference that is cut. */
static void any_bytes(void **state)
{
    uint64_t random = 21;
    (void)state;
    for (int round = 0; round < 20000; round++) {
        char text[24];
        struct buf out;
        for (size_t i = 0; i < sizeof text - 1; i++) {
            uint64_t number = unit_random(&random);
            text[i] = number % 3 == 0 ? "<>&\"'%;"[number / 3 % 7] : (char)(number >> 8);
        }
        text[sizeof text - 1] = '\0';
        buf_init(&out, 4096);
        html_put_text(&out, text);
        assert_null(strpbrk(buf_text(&out), "<>\"'"));
        for (const char *at = strchr(buf_text(&out), '&'); at != NULL; at = strchr(at + 1, '&'))
            assert_true(strncmp(at, "&amp;", 5) == 0 || strncmp(at, "&lt;", 4) == 0 ||
                        strncmp(at, "&gt;", 4) == 0 || strncmp(at, "&quot;", 6) == 0 ||
                        strncmp(at, "&#39;", 5) == 0);
        buf_done(&out);
    }
}

static void a_mistake_of_ours_is_no_page(void **state)
{
    struct buf out;
    char markup[] = "100%";
    (void)state;
    buf_init(&out, 64);
    const char *none = strchr(markup, 'x');
    html_put(&out, "%s", none);
    assert_string_equal(buf_text(&out), "-");
    buf_reset(&out);
    html_put_csv(&out, "=1+1");
    html_put_csv(&out, "a\"b,c\r\n");
    html_put_csv(&out, markup);
    assert_string_equal(buf_text(&out), "\"'=1+1\"\"a\"\"b,c\r\n\"\"100%\"");
    buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_row), cmocka_unit_test(any_bytes),
                                       cmocka_unit_test(a_mistake_of_ours_is_no_page)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
