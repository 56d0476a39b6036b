#include "base/buf.h"
#include "base/text.h"

#include "tests/unit.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

/* ---- UTF-8 ---- */

/* RFC 3629 section 4, and Markus Kuhn's "UTF-8 decoder capability and stress test", by its section
 * numbers. */
static const struct {
    const char *name;
    const char *bytes;
    bool good;
} utf8[] = {
    {"1 kosme", "\xCE\xBA\xE1\xBD\xB9\xCF\x83\xCE\xBC\xCE\xB5", true},
    {"2.1.2 first of 2 bytes", "\xC2\x80", true},
    {"2.1.3 first of 3 bytes", "\xE0\xA0\x80", true},
    {"2.1.4 first of 4 bytes", "\xF0\x90\x80\x80", true},
    {"2.1.5 first of 5 bytes", "\xF8\x88\x80\x80\x80", false},
    {"2.1.6 first of 6 bytes", "\xFC\x84\x80\x80\x80\x80", false},
    {"2.2.1 last of 1 byte", "\x7F", true},
    {"2.2.2 last of 2 bytes", "\xDF\xBF", true},
    {"2.2.3 last of 3 bytes", "\xEF\xBF\xBF", true},
    {"2.2.4 last of 4 bytes", "\xF7\xBF\xBF\xBF", false},
    {"2.2.5 last of 5 bytes", "\xFB\xBF\xBF\xBF\xBF", false},
    {"2.2.6 last of 6 bytes", "\xFD\xBF\xBF\xBF\xBF\xBF", false},
    {"2.3.1 U+D7FF", "\xED\x9F\xBF", true},
    {"2.3.2 U+E000", "\xEE\x80\x80", true},
    {"2.3.3 U+FFFD", "\xEF\xBF\xBD", true},
    {"2.3.4 U+10FFFF", "\xF4\x8F\xBF\xBF", true},
    {"2.3.5 U+110000", "\xF4\x90\x80\x80", false},
    {"3.1.1 lone continuation", "\x80", false},
    {"3.1.2 last continuation", "\xBF", false},
    {"3.1.8 seven continuations", "\x80\xBF\x80\xBF\x80\xBF\x80", false},
    {"3.2.1 lone start of 2", "\xC3 ", false},
    {"3.2.2 lone start of 3", "\xE1 ", false},
    {"3.2.3 lone start of 4", "\xF1 ", false},
    {"3.3.1 last byte missing of 2", "\xC3", false},
    {"3.3.2 last byte missing of 3", "\xE1\x80", false},
    {"3.3.3 last byte missing of 4", "\xF1\x80\x80", false},
    {"3.3.7 last byte missing of U+FFFF", "\xEF\xBF", false},
    {"3.4 all of these in a row", "\xC3\xE1\x80\xF1\x80\x80\xEF\xBF", false},
    {"3.5.1 FE", "\xFE", false},
    {"3.5.2 FF", "\xFF", false},
    {"3.5.3 FE FE FF FF", "\xFE\xFE\xFF\xFF", false},
    {"4.1.1 slash in 2", "\xC0\xAF", false},
    {"4.1.2 slash in 3", "\xE0\x80\xAF", false},
    {"4.1.3 slash in 4", "\xF0\x80\x80\xAF", false},
    {"4.1.4 slash in 5", "\xF8\x80\x80\x80\xAF", false},
    {"4.2.1 U+7F in 2", "\xC1\xBF", false},
    {"4.2.2 U+7FF in 3", "\xE0\x9F\xBF", false},
    {"4.2.3 U+FFFF in 4", "\xF0\x8F\xBF\xBF", false},
    {"4.3.1 NUL in 2", "\xC0\x80", false},
    {"4.3.2 NUL in 3", "\xE0\x80\x80", false},
    {"5.1.1 U+D800", "\xED\xA0\x80", false},
    {"5.1.2 U+DB7F", "\xED\xAD\xBF", false},
    {"5.1.4 U+DBFF", "\xED\xAF\xBF", false},
    {"5.1.5 U+DC00", "\xED\xB0\x80", false},
    {"5.1.7 U+DFFF", "\xED\xBF\xBF", false},
    {"5.2.1 a pair of surrogates", "\xED\xA0\x80\xED\xB0\x80", false},
    {"5.3.1 U+FFFE is well-formed", "\xEF\xBF\xBE", true},
    {"RFC 3629 section 7: A not-identical-to alpha .", "A\xE2\x89\xA2\xCE\x91.", true},
    {"RFC 3629 section 7: nihongo", "\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E", true},
    {"RFC 3629 section 7: U+233B4", "\xEF\xBB\xBF\xF0\xA3\x8E\xB4", true},
    {"good, then cut", "ok\xE6\x97", false},
    {"nothing", "", true},
};

static void utf8_table(void **state)
{
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(utf8); i++)
        wrong += unit_wrong(utf8[i].name, text_is_utf8(utf8[i].bytes, strlen(utf8[i].bytes)) == utf8[i].good);
    assert_true(text_is_utf8("a\0b", 3));
    assert_int_equal(wrong, 0);
}

/* The bytes of one code point by RFC 3629 section 3, written from its table of bits. */
static size_t encode(uint32_t c, char *out)
{
    static const struct {
        uint32_t last;
        unsigned char head;
    } table[] = {{0x7F, 0x00}, {0x7FF, 0xC0}, {0xFFFF, 0xE0}, {0x10FFFF, 0xF0}};
    size_t more = 0;
    while (c > table[more].last)
        more++;
    out[0] = (char)(table[more].head | c >> (6 * more));
    for (size_t i = 1; i <= more; i++)
        out[i] = (char)(0x80 | (c >> (6 * (more - i)) & 0x3F));
    return more + 1;
}

static void every_code_point(void **state)
{
    char bytes[4];
    (void)state;
    for (uint32_t c = 0; c <= 0x10FFFF; c++) {
        size_t length = encode(c, bytes);
        bool surrogate = c >= 0xD800 && c <= 0xDFFF;
        if (text_is_utf8(bytes, length) == surrogate)
            fail_msg("U+%04X", (unsigned)c);
        if (length > 1 && text_is_utf8(bytes, length - 1))
            fail_msg("U+%04X without its last byte", (unsigned)c);
    }
}

/* ---- patterns ---- */

/* The definition of '*', as slow and as plain as it can be written. */
static bool naive_matches(const char *pattern, const char *text)
{
    if (*pattern == '\0')
        return *text == '\0';
    if (*pattern == '*')
        return naive_matches(pattern + 1, text) || (*text != '\0' && naive_matches(pattern, text + 1));
    return *pattern == *text && naive_matches(pattern + 1, text + 1);
}

static void fill(uint64_t *state, const char *alphabet, char *out, size_t most)
{
    size_t length = unit_random(state) % (most + 1);
    for (size_t i = 0; i < length; i++)
        out[i] = alphabet[unit_random(state) % strlen(alphabet)];
    out[length] = '\0';
}

static void patterns_against_the_definition(void **state)
{
    uint64_t seed = 20261124;
    size_t matching = 0;
    (void)state;
    for (int i = 0; i < 200000; i++) {
        char pattern[8];
        char text[12];
        fill(&seed, "ab**", pattern, sizeof pattern - 1);
        fill(&seed, "ab", text, sizeof text - 1);
        bool expected = naive_matches(pattern, text);
        matching += expected;
        if (text_matches(pattern, text) != expected)
            fail_msg("pattern '%s', text '%s'", pattern, text);
    }
    assert_true(matching > 10000 && matching < 190000); /* both answers were asked for */
}

static void patterns_that_people_write(void **state)
{
    static const struct {
        const char *pattern, *text;
        bool expected;
    } rows[] = {
        {"ins-bastion*", "ins-bastion1", true},
        {"ins-bastion*", "ins-bastion", true},
        {"ins-bastion*", "xins-bastion", false},
        {"*.NotFound", "InvalidVpc.NotFound", true},
        {"*.NotFound", "NotFound", false},
        {"*", "", true},
        {"", "", true},
        {"", "a", false},
        {"vpc-?", "vpc-1", false},
        {"vpc-[12]", "vpc-1", false},
        {"VPC-1", "vpc-1", false},
        {"\\*", "*", false},
        {"a*b*c", "a--b--c", true},
        {"a*b*c", "a--c--b", false},
    };
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        wrong += unit_wrong(rows[i].pattern, text_matches(rows[i].pattern, rows[i].text) == rows[i].expected);
    assert_int_equal(wrong, 0);
}

/* Exponential matchers do not come back from this one. */
static void patterns_do_not_explode(void **state)
{
    char text[4001];
    char pattern[201];
    (void)state;
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    for (size_t i = 0; i + 1 < sizeof pattern; i += 2)
        memcpy(pattern + i, "a*", 2);
    pattern[sizeof pattern - 1] = '\0';
    assert_true(text_matches(pattern, text));
    pattern[sizeof pattern - 2] = 'b';
    assert_false(text_matches(pattern, text));
}

/* ---- escapes ---- */

static void percent_keeps_unreserved_only(void **state)
{
    static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    (void)state;
    for (int c = 0; c < 256; c++) {
        struct buf out;
        char byte = (char)c;
        char expected[8];
        bool kept = c != 0 && strchr(unreserved, c) != NULL;
        if (kept)
            (void)snprintf(expected, sizeof expected, "%c", c);
        else
            (void)snprintf(expected, sizeof expected, "%%%02X", (unsigned)c);
        buf_init(&out, 16);
        buf_put_percent(&out, &byte, 1);
        assert_string_equal(buf_text(&out), expected);
        assert_true(text_is_unreserved((unsigned char)c) == kept);
        buf_done(&out);
    }
}

static void hex_both_ways(void **state)
{
    static const unsigned char bytes[] = {0x00, 0x01, 0x7f, 0x80, 0xab, 0xff};
    unsigned char back[sizeof bytes];
    char hex[2 * sizeof bytes + 1];
    (void)state;
    text_hex(bytes, sizeof bytes, hex);
    assert_string_equal(hex, "00017f80abff");
    assert_true(text_unhex("00017F80aBfF", back, sizeof back));
    assert_memory_equal(back, bytes, sizeof bytes);
    assert_false(text_unhex("00017f80abf", back, sizeof back));
    assert_false(text_unhex("00017f80abff0", back, sizeof back));
    assert_false(text_unhex("00017f80abf ", back, sizeof back));
    assert_false(text_unhex("00017f80abfg", back, sizeof back));
    assert_false(text_unhex("", back, 1));
    for (int c = -128; c < 128; c++) {
        const char *digits = "0123456789abcdef";
        const char *at = c == 0 ? NULL : strchr(digits, c >= 'A' && c <= 'F' ? c + 32 : c);
        assert_int_equal(text_hex_value((char)c), at == NULL ? -1 : at - digits);
    }
}

/* ---- words ---- */

static void controls(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        char bytes[3] = {'a', (char)c, 'b'};
        assert_true(text_has_control(bytes, sizeof bytes) == (c < 0x20 || c == 0x7F));
    }
    assert_false(text_has_control("", 0));
}

/* RFC 9110 section 5.6.2. */
static void tokens(void **state)
{
    static const char tchar[] =
        "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    (void)state;
    assert_false(text_is_token("", 0));
    for (int c = 0; c < 256; c++) {
        const char text[] = {'X', (char)c};
        assert_true(text_is_token(text, sizeof text) == (memchr(tchar, c, strlen(tchar)) != NULL));
    }
}

static void numbers(void **state)
{
    static const long long rows[] = {0, 7, -1, 10, 1234567890, LLONG_MAX, LLONG_MIN};
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char expected[32];
        char text[TEXT_NUMBER_SIZE];
        (void)snprintf(expected, sizeof expected, "%lld", rows[i]);
        text_number(text, rows[i]);
        assert_string_equal(text, expected);
    }
}

static void names(void **state)
{
    static const struct {
        const char *text;
        bool good;
    } rows[] = {
        {"a", true},       {"2026-11", true},   {"network-console", true},
        {"a.b_c-d", true}, {"A", true},         {"", false},
        {"-a", false},     {".a", false},       {"_a", false},
        {"a b", false},    {"a/b", false},      {"a\n", false},
        {"a\"", false},    {"\xC3\xA9", false}, {"a\xC3\xA9", false},
        {"*", false},
    };
    char text[66];
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        wrong += unit_wrong(rows[i].text, text_is_name(rows[i].text) == rows[i].good);
    memset(text, 'x', sizeof text);
    text[64] = '\0';
    assert_true(text_is_name(text));
    text[64] = 'x';
    text[65] = '\0';
    assert_false(text_is_name(text));
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8_table),
        cmocka_unit_test(every_code_point),
        cmocka_unit_test(patterns_against_the_definition),
        cmocka_unit_test(patterns_that_people_write),
        cmocka_unit_test(patterns_do_not_explode),
        cmocka_unit_test(percent_keeps_unreserved_only),
        cmocka_unit_test(hex_both_ways),
        cmocka_unit_test(controls),
        cmocka_unit_test(tokens),
        cmocka_unit_test(names),
        cmocka_unit_test(numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
