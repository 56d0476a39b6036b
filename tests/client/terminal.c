/* What a person's terminal may be shown.  The characters that it would obey are those of Unicode's general
 * category Cc, its property Bidi_Control, and U+2028 and U+2029; the UTF-8 of the rows is by RFC 3629. */
#include "client/terminal.h"

#include "tests/unit.h"

#include <string.h>

static const struct {
    const char *bytes;
    const char *body;     /* as terminal_put() writes it */
    const char *sentence; /* as terminal_put_plain() does */
} rows[] = {
    {.bytes = "", .body = "", .sentence = ""},
    {.bytes = "plain text", .body = "plain text", .sentence = "plain text"},
    {.bytes = "a\tb\nc", .body = "a\tb\nc", .sentence = "a?b?c"},
    {.bytes = "a\rb", .body = "a\\u000db", .sentence = "a?b"},
    {.bytes = "\x1b[2J", .body = "\\u001b[2J", .sentence = "?[2J"},
    {.bytes = "\x1b]0;title\x07", .body = "\\u001b]0;title\\u0007", .sentence = "?]0;title?"},
    {.bytes = "\x7f", .body = "\\u007f", .sentence = "?"},
    {.bytes = "\xc2\x80|\xc2\x9b|\xc2\x9f", .body = "\\u0080|\\u009b|\\u009f", .sentence = "?|?|?"},
    {.bytes = "\xc2\xa0", .body = "\xc2\xa0", .sentence = "\xc2\xa0"},
    {.bytes = "\xd8\x9c", .body = "\\u061c", .sentence = "?"},
    {.bytes = "\xe2\x80\x8e\xe2\x80\x8f", .body = "\\u200e\\u200f", .sentence = "??"},
    {.bytes = "\xe2\x80\xa8\xe2\x80\xae", .body = "\\u2028\\u202e", .sentence = "??"},
    {.bytes = "\xe2\x80\xaf", .body = "\xe2\x80\xaf", .sentence = "\xe2\x80\xaf"},
    {.bytes = "\xe2\x81\xa6\xe2\x81\xa9", .body = "\\u2066\\u2069", .sentence = "??"},
    {.bytes = "\xe4\xb8\xad\xf0\x9f\x98\x80",
     .body = "\xe4\xb8\xad\xf0\x9f\x98\x80",
     .sentence = "\xe4\xb8\xad\xf0\x9f\x98\x80"},
    {.bytes = "\x9b"
              "2J",
     .body = "\\x9b2J",
     .sentence = "?2J"},
    {.bytes = "\xc0\x9b", .body = "\\xc0\\x9b", .sentence = "??"},           /* overlong */
    {.bytes = "\xed\xa0\x80", .body = "\\xed\\xa0\\x80", .sentence = "???"}, /* a surrogate */
    {.bytes = "\xe4\xb8", .body = "\\xe4\\xb8", .sentence = "??"},           /* ends too soon */
    {.bytes = "\xf5\x80\x80\x80", .body = "\\xf5\\x80\\x80\\x80", .sentence = "????"},
};

static void table(void **state)
{
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf body;
        struct buf sentence;
        buf_init(&body, 256);
        buf_init(&sentence, 256);
        terminal_put(&body, rows[i].bytes, strlen(rows[i].bytes));
        terminal_put_plain(&sentence, rows[i].bytes);
        wrong += unit_differs(rows[i].body, rows[i].body, buf_text(&body));
        wrong += unit_differs(rows[i].body, rows[i].sentence, buf_text(&sentence));
        buf_done(&body);
        buf_done(&sentence);
    }
    assert_int_equal(wrong, 0);
}

/* A body has a length: a NUL in it is shown, too, and does not end it. */
static void a_nul_is_shown(void **state)
{
    struct buf out;
    (void)state;
    buf_init(&out, 64);
    terminal_put(&out, "a\0b", 3);
    assert_string_equal(buf_text(&out), "a\\u0000b");
    buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(table), cmocka_unit_test(a_nul_is_shown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
