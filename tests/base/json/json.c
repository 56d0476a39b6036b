#include "base/json/json.h"

#include "tests/unit.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CEILING = 64 * 1024 };

/* What we wrote, as another parser reads it. */
static json_t *parse(const struct buf *out)
{
    json_error_t where;
    json_t *root = json_loadb(buf_text(out), out->length,
                              JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, &where);
    if (root == NULL)
        fail_msg("not JSON: %s in %s", where.text, buf_text(out));
    return root;
}

/* Writes `bytes`, checks that the line is plain enough, and gives what a reader gets. */
static json_t *write_and_parse(const char *bytes, size_t length)
{
    struct buf out;
    buf_init(&out, CEILING);
    json_put_string(&out, bytes, length);
    assert_false(out.failed);
    for (size_t i = 0; i < out.length; i++)
        assert_true((unsigned char)out.bytes[i] >= 0x20 && out.bytes[i] != 0x7F);
    json_t *root = parse(&out);
    buf_done(&out);
    assert_true(json_is_string(root));
    return root;
}

static void every_byte_between_two(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        char bytes[3] = {'a', (char)c, 'b'};
        json_t *root = write_and_parse(bytes, sizeof bytes);
        if (c < 0x80) {
            assert_int_equal(json_string_length(root), 3);
            assert_memory_equal(json_string_value(root), bytes, 3);
        } else {
            assert_string_equal(json_string_value(root), "a\xEF\xBF\xBD"
                                                         "b");
        }
        json_decref(root);
    }
}

static void random_bytes_are_always_one_line(void **state)
{
    uint64_t seed = 32;
    (void)state;
    for (int i = 0; i < 20000; i++) {
        char bytes[24];
        size_t length = unit_random(&seed) % (sizeof bytes + 1);
        for (size_t j = 0; j < length; j++)
            bytes[j] = (char)unit_random(&seed);
        json_decref(write_and_parse(bytes, length));
    }
}

static void well_formed_text_comes_back(void **state)
{
    static const char *const rows[] = {
        "",
        "plain",
        "\"quoted\" \\ slash / \b\f\n\r\t",
        "\xC3\xA9\xE6\x97\xA5\xF0\xA3\x8E\xB4",
        "\xEF\xBF\xBD",
        "\xE8\xBA\xAB\xE4\xBB\xBD\xE8\xAE\xA4\xE8\xAF\x81\xE5\xA4\xB1\xE8\xB4\xA5",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        json_t *root = write_and_parse(rows[i], strlen(rows[i]));
        assert_string_equal(json_string_value(root), rows[i]);
        json_decref(root);
    }
}

/* Escaped, so that neither a terminal nor a log viewer is led astray: the C1 controls, the line and paragraph
 * separators, the zero-width ones, and every character with the property Bidi_Control (Unicode, PropList). */
static void treacherous_characters_are_escaped(void **state)
{
    static const struct {
        const char *bytes, *written;
    } rows[] = {
        {"\xC2\x80", "\"\\u0080\""},
        {"\xC2\x9B", "\"\\u009b\""},
        {"\xC2\x9F", "\"\\u009f\""},
        {"\xD8\x9C", "\"\\u061c\""},
        {"\xE2\x80\x8E", "\"\\u200e\""},
        {"\xE2\x80\x8F", "\"\\u200f\""},
        {"\xE2\x80\xA8", "\"\\u2028\""},
        {"\xE2\x80\xA9", "\"\\u2029\""},
        {"\xE2\x80\xAA", "\"\\u202a\""},
        {"\xE2\x80\xAB", "\"\\u202b\""},
        {"\xE2\x80\xAC", "\"\\u202c\""},
        {"\xE2\x80\xAD", "\"\\u202d\""},
        {"\xE2\x80\xAE", "\"\\u202e\""},
        {"\xE2\x81\xA6", "\"\\u2066\""},
        {"\xE2\x81\xA7", "\"\\u2067\""},
        {"\xE2\x81\xA8", "\"\\u2068\""},
        {"\xE2\x81\xA9", "\"\\u2069\""},
        {"\x1B[31m", "\"\\u001b[31m\""},
        {"\x7F", "\"\\u007f\""},
        {"\xC2\xA0", "\"\xC2\xA0\""},
        {"\xE2\x80\x90", "\"\xE2\x80\x90\""},
    };
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf out;
        buf_init(&out, 64);
        json_put_string(&out, rows[i].bytes, strlen(rows[i].bytes));
        wrong += unit_differs(rows[i].written, rows[i].written, buf_text(&out));
        buf_done(&out);
    }
    assert_int_equal(wrong, 0);
}

static void a_cut_character_is_replaced(void **state)
{
    json_t *root = write_and_parse("ok\xE6\x97\xA5", 4);
    (void)state;
    assert_memory_equal(json_string_value(root), "ok\xEF\xBF\xBD", 5);
    json_decref(root);
}

static void members_get_their_commas(void **state)
{
    struct buf out;
    (void)state;
    buf_init(&out, CEILING);
    json_open(&out);
    json_member(&out, "absent", NULL);
    json_member(&out, "a", "1");
    json_member_int(&out, "b", -9223372036854775807LL - 1);
    json_member_bool(&out, "c", true);
    json_member_bool(&out, "d", false);
    json_open_member(&out, "e");
    json_close(&out);
    json_open_member(&out, "f");
    json_member(&out, "g", "{");
    json_member(&out, "h", "[");
    json_close(&out);
    json_open_array(&out, "i");
    json_element(&out, "x");
    json_element(&out, "y,");
    json_close_array(&out);
    json_open_array(&out, "j");
    json_close_array(&out);
    json_open_array(&out, "k");
    json_open(&out);
    json_close(&out);
    json_open(&out);
    json_member_raw(&out, "l", "{\"m\":[1,2]}");
    json_member_raw(&out, "absent", NULL);
    json_close(&out);
    json_close_array(&out);
    json_close(&out);
    assert_false(out.failed);
    assert_string_equal(buf_text(&out),
                        "{\"a\":\"1\",\"b\":-9223372036854775808,\"c\":true,\"d\":false,\"e\":{},"
                        "\"f\":{\"g\":\"{\",\"h\":\"[\"},\"i\":[\"x\",\"y,\"],\"j\":[],"
                        "\"k\":[{},{\"l\":{\"m\":[1,2]}}]}");
    json_decref(parse(&out));
    buf_done(&out);
}

static void lines_follow_each_other(void **state)
{
    struct buf out;
    (void)state;
    buf_init(&out, CEILING);
    for (int i = 0; i < 2; i++) {
        json_open(&out);
        json_member_int(&out, "n", i);
        json_close(&out);
        buf_put_char(&out, '\n');
    }
    assert_string_equal(buf_text(&out), "{\"n\":0}\n{\"n\":1}\n");
    buf_done(&out);
}

static void depth_counts_brackets_outside_strings(void **state)
{
    static const struct {
        const char *text;
        size_t depth;
    } rows[] = {
        {"", 0},
        {"1", 0},
        {"[]", 1},
        {"{}", 1},
        {"[[]]", 2},
        {"[[],[]]", 2},
        {"{\"a\":[1]}", 2},
        {"[\"[[[[\"]", 1},
        {"[\"\\\"[[[[\"]", 1},
        {"[\"\\\\\",[[]]]", 3},
        {"]]]][", 1},
        {"[}", 1},
        {"[[[[[[", 6},
        {"{\"a\\", 1},
        {"\"", 0},
        {"[\"\\", 1},
    };
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        wrong +=
            unit_wrong(rows[i].text, json_depth(rows[i].text, strlen(rows[i].text), 100) == rows[i].depth);
    assert_int_equal(wrong, 0);
}

static void depth_stops_behind_the_limit(void **state)
{
    char text[100];
    (void)state;
    memset(text, '[', sizeof text);
    assert_int_equal(json_depth(text, 32, 32), 32);
    assert_int_equal(json_depth(text, 33, 32), 33);
    assert_int_equal(json_depth(text, sizeof text, 32), 33);
    assert_int_equal(json_depth(text, sizeof text, 0), 1);
}

/* Never fewer levels than jansson will descend, whatever the bytes are. */
static void depth_is_no_less_than_a_parser_finds(void **state)
{
    static const char alphabet[] = "[]{}\"\\:,1";
    uint64_t seed = 11;
    (void)state;
    for (int i = 0; i < 200000; i++) {
        char text[12];
        json_error_t where;
        size_t length = unit_random(&seed) % (sizeof text + 1);
        for (size_t j = 0; j < length; j++)
            text[j] = alphabet[unit_random(&seed) % (sizeof alphabet - 1)];
        json_t *root = json_loadb(text, length, 0, &where);
        size_t depth = 0;
        for (const json_t *at = root; at != NULL; depth++)
            at = json_is_array(at) ? json_array_get(at, 0) : NULL;
        if (root != NULL && json_depth(text, length, 100) + 1 < depth)
            fail_msg("%.*s", (int)length, text);
        json_decref(root);
    }
}

static void micros_as_millis(void **state)
{
    static const struct {
        int64_t micros;
        const char *text;
    } rows[] = {{0, "0.000"},      {1, "0.001"},
                {999, "0.999"},    {1000, "1.000"},
                {12345, "12.345"}, {60000050, "60000.050"},
                {-5, "0.000"},     {INT64_MAX, "9223372036854775.807"}};
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf out;
        char expected[64];
        buf_init(&out, 256);
        json_open(&out);
        json_member_millis(&out, "ms", rows[i].micros);
        json_close(&out);
        (void)snprintf(expected, sizeof expected, "{\"ms\":%s}", rows[i].text);
        wrong += unit_differs(rows[i].text, expected, buf_text(&out));
        buf_done(&out);
    }
    assert_int_equal(wrong, 0);
}

/* As json.h says it, one character after the other. */
static size_t plain_run(const unsigned char *bytes, size_t length)
{
    size_t run = 0;
    while (run < length && bytes[run] > 0x1F && bytes[run] < 0x7F && strchr("\"\\", bytes[run]) == NULL)
        run++;
    return run;
}

/* Each character at each place of texts of each length, beside another one that is not plain. */
static void plain_runs(void **state)
{
    enum { LONGEST = 20 };
    static const unsigned char others[] = {0x00, 0x1F, ' ', '"', '\\', '~', 0x7F, 0x80, 0xA0, 0xFF};
    (void)state;
    for (size_t length = 0; length <= LONGEST; length++)
        for (size_t place = 0; place < length; place++)
            for (unsigned c = 0; c < 256; c++)
                for (size_t i = 0; i < sizeof others; i++) {
                    unsigned char text[LONGEST];
                    memset(text, 'a', sizeof text);
                    text[length - 1] = others[i];
                    text[place] = (unsigned char)c;
                    assert_int_equal(json_plain_run((const char *)text, length), plain_run(text, length));
                }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte_between_two),
        cmocka_unit_test(random_bytes_are_always_one_line),
        cmocka_unit_test(well_formed_text_comes_back),
        cmocka_unit_test(treacherous_characters_are_escaped),
        cmocka_unit_test(a_cut_character_is_replaced),
        cmocka_unit_test(members_get_their_commas),
        cmocka_unit_test(micros_as_millis),
        cmocka_unit_test(lines_follow_each_other),
        cmocka_unit_test(depth_counts_brackets_outside_strings),
        cmocka_unit_test(depth_stops_behind_the_limit),
        cmocka_unit_test(plain_runs),
        cmocka_unit_test(depth_is_no_less_than_a_parser_finds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
