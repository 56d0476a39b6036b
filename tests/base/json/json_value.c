/* tests/vectors/json has texts that are JSON and texts that are none, by RFC 8259; Python's reader and the
 * fuzz target hold against the same. */
#include "base/json/json_value.h"

#include "base/text.h"

#include "tests/unit.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CEILING = 4 * 1024 * 1024, DEEP = JSON_VALUE_DEPTH_MAX };

/* ---- what is JSON ---- */

/* "%XX" to bytes, in memory of exactly that size: a byte read too much is seen. */
static char *decode(const char *text, size_t *size)
{
    size_t length = strlen(text);
    char *bytes = malloc(length + 1);
    assert_non_null(bytes);
    *size = 0;
    for (size_t i = 0; i < length; i++) {
        char hex[3] = {0};
        unsigned char byte = (unsigned char)text[i];
        if (text[i] == '%') {
            memcpy(hex, text + i + 1, 2);
            assert_true(text_unhex(hex, &byte, 1));
            i += 2;
        }
        bytes[(*size)++] = (char)byte;
    }
    char *exact = malloc(*size == 0 ? 1 : *size);
    assert_non_null(exact);
    memcpy(exact, bytes, *size);
    free(bytes);
    return exact;
}

static int run_rows(const char *file, bool good)
{
    int wrong = 0;
    size_t rows = 0;
    char *text = unit_vector("json", file);
    char *rest = text;
    assert_non_null(text);
    for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
        size_t size;
        struct err err = {0};
        struct json_value value = {0};
        char *why = strsep(&line, "\t");
        if (line == NULL)
            continue;
        char *bytes = decode(line, &size);
        int result = json_value_read(bytes, size, DEEP, &value, &err);
        wrong += unit_wrong(why, (result == 0) == good);
        wrong += unit_wrong(why, (err.kind == ERR_INPUT) == (result != 0));
        wrong += unit_wrong(why, (value.kind == JSON_VALUE_NONE) == (result != 0)); /* nothing half read */
        free(bytes);
        rows++;
    }
    free(text);
    assert_true(rows > 50);
    return wrong;
}

static void good_texts(void **state)
{
    (void)state;
    assert_int_equal(run_rows("good.tsv", true), 0);
}

static void bad_texts(void **state)
{
    (void)state;
    assert_int_equal(run_rows("bad.tsv", false), 0);
}

/* Every good text, cut anywhere, is none, but for numbers at the end. */
static void a_text_that_is_cut(void **state)
{
    static const char text[] = "{\"a\":[1,-2.5e+3,\"\\u00e9\xC3\xA9\",true,false,null],\"b\":{\"c\":[]}}";
    (void)state;
    for (size_t length = 0; length < sizeof text - 1; length++) {
        struct json_value value;
        char *exact = malloc(length + 1);
        assert_non_null(exact);
        memcpy(exact, text, length);
        assert_int_equal(json_value_read(exact, length, DEEP, &value, NULL), -1);
        free(exact);
    }
}

/* ---- where it is wrong ---- */

static void the_place_is_told(void **state)
{
    /* clang-format off */
    static const struct {
        const char *text, *told;
    } rows[] = {
        {"", "line 1, column 1: a value is missing"},
        {"\xEF\xBB\xBF{}", "line 1, column 1: a byte order mark, which JSON does not have"},
        {"{\"a\":1,}", "line 1, column 8: a key is missing"},
        {"{\"a\" 1}", "line 1, column 6: a colon is missing"},
        {"[1\n 2]", "line 2, column 2: a comma or a bracket is missing"},
        {"{}\n\n x", "line 3, column 2: something behind the value"},
        {"[\"a\tb\"]", "line 1, column 4: a control character in a string"},
        {"[\"a\\xb\"]", "line 1, column 4: an escape that JSON does not have"},
        {"[\"a\xFF\"]", "line 1, column 4: a byte that is not UTF-8"},
        {"[\"a", "line 1, column 4: the text ends within a string"},
        {"[1.]", "line 1, column 4: a digit is missing"},
        {"[[[[1]]]]", "line 1, column 4: nested deeper than 3 levels"},
    };
    /* clang-format on */
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err err = {0};
        struct json_value value;
        assert_int_equal(json_value_read(rows[i].text, strlen(rows[i].text), 3, &value, &err), -1);
        wrong += unit_differs(rows[i].text, rows[i].told, err.text);
    }
    assert_int_equal(wrong, 0);
}

/* ---- depth ---- */

static int read_nested(char opens, size_t levels, size_t closed, size_t most)
{
    struct json_value value;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    for (size_t i = 0; i < levels; i++)
        (void)fputs(opens == '[' ? "[" : i + 1 < levels ? "{\"a\":" : "{", out);
    for (size_t i = 0; i < closed; i++)
        (void)fputc(opens == '[' ? ']' : '}', out);
    (void)fclose(out);
    int result = json_value_read(text, size, most, &value, NULL);
    free(text);
    return result;
}

static void depth_is_bounded(void **state)
{
    (void)state;
    for (size_t kind = 0; kind < 2; kind++) {
        char opens = "[{"[kind];
        assert_int_equal(read_nested(opens, 3, 3, 3), 0);
        assert_int_equal(read_nested(opens, 4, 4, 3), -1);
        assert_int_equal(read_nested(opens, 64, 64, DEEP), 0);
        assert_int_equal(read_nested(opens, DEEP, DEEP, DEEP), 0);
        assert_int_equal(read_nested(opens, DEEP, DEEP, SIZE_MAX), 0);
        assert_int_equal(read_nested(opens, DEEP + 1, DEEP + 1, SIZE_MAX), -1);
        assert_int_equal(read_nested(opens, DEEP, DEEP - 1, DEEP), -1);
        assert_int_equal(read_nested(opens, 1000 * 1000, 1000 * 1000, SIZE_MAX), -1);
    }
}

/* Each level's own kind is remembered: 512 of them, mixed. */
static void brackets_match_at_every_level(void **state)
{
    uint64_t random = 7;
    (void)state;
    for (int round = 0; round < 50; round++) {
        char *text = NULL;
        size_t size = 0;
        char closing[DEEP];
        struct json_value value;
        FILE *out = open_memstream(&text, &size);
        assert_non_null(out);
        for (size_t i = 0; i < DEEP; i++) {
            bool object = (unit_random(&random) & 1) != 0;
            closing[i] = object ? '}' : ']';
            (void)fputs(!object ? "[" : i + 1 < DEEP ? "{\"a\":" : "{", out);
        }
        for (size_t i = DEEP; i-- > 0;)
            (void)fputc(closing[i], out);
        (void)fclose(out);
        assert_int_equal(json_value_read(text, size, DEEP, &value, NULL), 0);
        size_t place = size - 1 - unit_random(&random) % DEEP;
        text[place] = text[place] == ']' ? '}' : ']';
        assert_int_equal(json_value_read(text, size, DEEP, &value, NULL), -1);
        free(text);
    }
}

/* ---- what is inside ---- */

static struct json_value read_good(const char *text)
{
    struct err err = {0};
    struct json_value value = {0};
    if (json_value_read(text, strlen(text), DEEP, &value, &err) != 0)
        fail_msg("%s: %s", text, err.text);
    return value;
}

static void items_are_their_bytes(void **state)
{
    /* clang-format off */
    static const struct {
        const char *text, *items; /* "key|kind|bytes|count;" of each */
    } rows[] = {
        {"[]", ""},
        {"{ }", ""},
        {"7", ""},
        {"\"[1,2]\"", ""},
        {"[1,2.50,1e400]", "|4|1|0;|4|2.50|0;|4|1e400|0;"},
        {" [ null , true,false ] ", "|1|null|0;|3|true|0;|2|false|0;"},
        {"[\"a\",\"]\",\"\\\"\"]", "|5|\"a\"|0;|5|\"]\"|0;|5|\"\\\"\"|0;"},
        {"[[1, [2,3]],{}]", "|6|[1, [2,3]]|2;|7|{}|0;"},
        {"{\"a\" : 1 , \"\\u0061\":{\"x\": [ ] , \"y\":0}}",
         "\"a\"|4|1|0;\"\\u0061\"|7|{\"x\": [ ] , \"y\":0}|2;"},
        {"{\"a\":1,\"a\":[1,[],[[]]]}", "\"a\"|4|1|0;\"a\"|6|[1,[],[[]]]|3;"},
    };
    /* clang-format on */
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char got[256] = "";
        struct json_value value = read_good(rows[i].text);
        struct json_items items = json_value_items(&value);
        size_t count = 0;
        for (struct json_value item; json_value_next(&items, &item); count++)
            (void)snprintf(got + strlen(got), sizeof got - strlen(got), "%.*s|%d|%.*s|%zu;",
                           (int)item.key_length, item.key == NULL ? "" : item.key, (int)item.kind,
                           (int)item.length, item.bytes, item.count);
        wrong += unit_differs(rows[i].text, rows[i].items, got);
        wrong += unit_wrong(rows[i].text, count == value.count);
    }
    assert_int_equal(wrong, 0);
}

static void blanks_are_no_part_of_a_value(void **state)
{
    static const char text[] = "\t [1, 2]\r\n ";
    struct json_value value = read_good(text);
    (void)state;
    assert_ptr_equal(value.bytes, text + 2);
    assert_int_equal(value.length, 6);
    assert_int_equal(value.count, 2);
}

/* ---- what they say ---- */

static void keys_and_strings(void **state)
{
    /* clang-format off */
    static const struct {
        const char *text, *name;
        bool same;
    } rows[] = {
        {"\"code\"", "code", true},
        {"\"code\"", "cod", false},
        {"\"code\"", "codes", false},
        {"\"\"", "", true},
        {"\"c\\u006fde\"", "code", true},
        {"\"c\\u006Fde\"", "code", true},
        {"\"\\u0063\\u006f\\u0064\\u0065\"", "code", true},
        {"\"c\\u006fd\"", "code", false},
        {"\"c\\u006fdes\"", "code", false},
        {"\"Code\"", "code", false},
        {"\"code\\u0000\"", "code", false},
        {"\"code\\u0000x\"", "code", false},
        {"\"\\u00e9\"", "\xC3\xA9", true},
        {"\"\xC3\xA9\"", "\xC3\xA9", true},
        {"\"\\ud83d\\ude00\"", "\xF0\x9F\x98\x80", true},
        {"\"\\ud83d\"", "\xEF\xBF\xBD", false}, /* it stands for nothing */
        {"\"\\ufffd\"", "\xEF\xBF\xBD", true},
        {"\"a\\/b\\\\c\\\"\"", "a/b\\c\"", true},
        {"\"\\b\\f\\n\\r\\t\"", "\b\f\n\r\t", true},
    };
    /* clang-format on */
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char object[64];
        (void)snprintf(object, sizeof object, "{%s:1}", rows[i].text);
        struct json_value string = read_good(rows[i].text);
        struct json_value value = read_good(object);
        struct json_items items = json_value_items(&value);
        struct json_value member;
        assert_true(json_value_next(&items, &member));
        wrong += unit_wrong(rows[i].text, json_value_is(&string, rows[i].name) == rows[i].same);
        wrong += unit_wrong(rows[i].text, json_value_has_key(&member, rows[i].name) == rows[i].same);
        wrong += unit_wrong(rows[i].text, !json_value_is(&member, rows[i].name));
        wrong += unit_wrong(rows[i].text, !json_value_has_key(&string, rows[i].name));
    }
    assert_int_equal(wrong, 0);
}

static void whole_numbers(void **state)
{
    /* clang-format off */
    static const struct {
        const char *text;
        bool whole;
        long long number;
    } rows[] = {
        {"0", true, 0},
        {"-0", true, 0},
        {"7", true, 7},
        {"-7", true, -7},
        {"9223372036854775807", true, LLONG_MAX},
        {"-9223372036854775808", true, LLONG_MIN},
        {"9223372036854775808", false, 0},
        {"-9223372036854775809", false, 0},
        {"18446744073709551616", false, 0},
        {"99999999999999999999999999", false, 0},
        {"1.0", false, 0},
        {"1e0", false, 0},
        {"\"7\"", false, 0},
        {"null", false, 0},
        {"[7]", false, 0},
    };
    /* clang-format on */
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        long long number = 77;
        struct json_value value = read_good(rows[i].text);
        wrong += unit_wrong(rows[i].text, (json_value_integer(&value, &number) == 0) == rows[i].whole);
        wrong += unit_wrong(rows[i].text, number == (rows[i].whole ? rows[i].number : 77));
    }
    assert_int_equal(wrong, 0);
}

static void texts(void **state)
{
    /* clang-format off */
    static const struct {
        const char *text;
        size_t most;
        const char *got;
        bool exact;
    } rows[] = {
        {"\"\"", 9, "", true},
        {"\"abc\"", 9, "abc", true},
        {"\"abc\"", 2, "ab", true},
        {"\"abc\"", 0, "", true},
        {"\"a\\nb\\u0041\"", 9, "a\nbA", true},
        {"\"\\u00e9\\u4efd\\ud83d\\ude00\"", 9, "\xC3\xA9\xE4\xBB\xBD\xF0\x9F\x98\x80", true},
        {"\"\\u00e9\\u4efd\\ud83d\\ude00\"", 8, "\xC3\xA9\xE4\xBB\xBD", true},
        {"\"\xE4\xBB\xBD\xE4\xBB\xBD\"", 5, "\xE4\xBB\xBD", true},
        {"\"\\ud83d\"", 9, "\xEF\xBF\xBD", false},
        {"\"\\ude00\\ud83d\"", 9, "\xEF\xBF\xBD\xEF\xBF\xBD", false},
        {"\"\\ud83dx\"", 9, "\xEF\xBF\xBDx", false},
        {"\"\\ud83d\\n\"", 9, "\xEF\xBF\xBD\n", false},
        {"\"\\ud83d\\u0041\"", 9, "\xEF\xBF\xBD" "A", false},
        {"\"a\\u0000b\"", 9, "a\xEF\xBF\xBD" "b", false},
    };
    /* clang-format on */
    int wrong = 0;
    struct arena *arena = arena_new(CEILING);
    (void)state;
    assert_non_null(arena);
    for (size_t i = 0; i < COUNT(rows); i++) {
        bool exact = !rows[i].exact;
        struct json_value value = read_good(rows[i].text);
        wrong +=
            unit_differs(rows[i].text, rows[i].got, json_value_text(&value, rows[i].most, arena, &exact));
        wrong += unit_wrong(rows[i].text, exact == rows[i].exact);
    }
    arena_free(arena);
    arena = arena_new(16);
    struct json_value value = read_good("\"more than sixteen bytes\"");
    assert_null(json_value_text(&value, SIZE_MAX, arena, NULL));
    arena_free(arena);
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_texts),
        cmocka_unit_test(bad_texts),
        cmocka_unit_test(a_text_that_is_cut),
        cmocka_unit_test(the_place_is_told),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(brackets_match_at_every_level),
        cmocka_unit_test(items_are_their_bytes),
        cmocka_unit_test(blanks_are_no_part_of_a_value),
        cmocka_unit_test(keys_and_strings),
        cmocka_unit_test(whole_numbers),
        cmocka_unit_test(texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
