/* Numbers are judged by one spelling; the expected ones are those of Python's decimal.Decimal, normalised and
 * written without an exponent. */
#include "config/definitions/document.h"

#include "config/definitions/definitions_text.h"
#include "config/definitions/document_value.h"
#include "tests/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CEILING = 1024 * 1024 };

static const struct {
    const char *number, *text;
} numbers[] = {
    {"0", "0"},
    {"-0", "0"},
    {"0.0", "0"},
    {"-0.00e5", "0"},
    {"1", "1"},
    {"-1", "-1"},
    {"10", "10"},
    {"100", "100"},
    {"1.0", "1"},
    {"1.50", "1.5"},
    {"1e2", "100"},
    {"1E+2", "100"},
    {"1.5e1", "15"},
    {"12.5e1", "125"},
    {"1.25e1", "12.5"},
    {"5e-1", "0.5"},
    {"0.05", "0.05"},
    {"0.050e1", "0.5"},
    {"-2.50e-3", "-0.0025"},
    {"100e-2", "1"},
    {"123e-5", "0.00123"},
    {"0.1e-2", "0.001"},
    {"10.10", "10.1"},
    {"9007199254740993", "9007199254740993"},
    {"18446744073709551615", "18446744073709551615"},
    {"1e20", "100000000000000000000"},
    {"0.00e0", "0"},
    {"00", NULL},
    {"1e999", NULL},
    {"1e-999", NULL},
    {"0e309", NULL},
    {"0.00e-9223372036854775808", NULL},
    {"0.01e-99999999999999999999", NULL},
    {"1e308",
     "1000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
     "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
     "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
     "0"},
};

static void test_numbers(void **state)
{
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(numbers); i++) {
        struct json_value value;
        struct arena *arena = arena_new(CEILING);
        bool read = json_value_read(numbers[i].number, strlen(numbers[i].number), 1, &value, NULL) == 0;
        const char *text = read ? document_value_text(&value, arena) : NULL;
        wrong += unit_differs(numbers[i].number, numbers[i].text, text);
        arena_free(arena);
    }
    assert_int_equal(wrong, 0);
}

/* What is taken can be judged: no number passes here of which document_value_text() has no text. */
static void test_numbers_are_refused_before_they_are_judged(void **state)
{
    struct definitions definitions;
    struct arena *arena = arena_new(CEILING);
    char text[] = "countersign-definitions 1\nservice zoo 2020-01-02\naction Weigh read\n"
                  "object WeighRequest Weight:float\nobject WeighResponse\nend 1 2\n";
    int wrong = 0;
    (void)state;
    assert_int_equal(definitions_text_read(&definitions, text, sizeof text - 1, "x", arena, NULL), 0);
    for (size_t i = 0; i < COUNT(numbers); i++) {
        char document[COUNT("{\"Weight\":}") + DOCUMENT_VALUE_NUMBER_MAX];
        size_t values = 0;
        struct json_value root;
        struct buf out;
        (void)snprintf(document, sizeof document, "{\"Weight\":%s}", numbers[i].number);
        buf_init(&out, CEILING);
        bool taken =
            json_value_read(document, strlen(document), 2, &root, NULL) == 0 &&
            document_read(definitions_object(&definitions, "WeighRequest"), &root, &out, &values, NULL) == 0;
        wrong += unit_wrong(numbers[i].number, taken == (numbers[i].text != NULL));
        buf_done(&out);
    }
    arena_free(arena);
    assert_int_equal(wrong, 0);
}

/* ---- paths ---- */

static int note(void *context, const struct json_value *value)
{
    struct buf *out = context;
    buf_put_bytes(out, value->bytes, value->length);
    buf_put_char(out, ' ');
    return 0;
}

static const struct {
    const char *row, *document, *found;
    bool gaps, there;
} paths[] = {
    {"one", "{\"A\":{\"B\":1}}", "1 ", false, true},
    {"a list", "{\"A\":[{\"B\":1},{\"B\":2}]}", "1 2 ", false, true},
    {"lists in lists", "{\"A\":[{\"B\":[1,2]},{\"B\":[3]}]}", "1 2 3 ", false, true},
    {"an item lacks it", "{\"A\":[{\"B\":1},{}]}", "1 ", true, true},
    {"an empty list", "{\"A\":[{\"B\":1},{\"B\":[]}]}", "1 ", true, true},
    {"no item", "{\"A\":[]}", "", true, false},
    {"no such member", "{\"A\":{\"C\":1}}", "", true, false},
    {"nothing", "{}", "", true, false},
    {"an object", "{\"A\":{\"B\":{\"C\":1}}}", "", false, true},
    {"its key has an escape", "{\"\\u0041\":{\"B\":1}}", "1 ", false, true},
};

static void test_paths(void **state)
{
    static const char *const members[] = {"A", "B"};
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(paths); i++) {
        struct buf out;
        struct json_value root;
        bool gaps = false, there = false;
        buf_init(&out, CEILING);
        assert_int_equal(json_value_read(paths[i].document, strlen(paths[i].document), 15, &root, NULL), 0);
        assert_int_equal(document_find(&root, members, 2, note, &out, &gaps, &there), 0);
        wrong += unit_differs(paths[i].row, paths[i].found, buf_text(&out));
        wrong += unit_wrong(paths[i].row, gaps == paths[i].gaps && there == paths[i].there);
        buf_done(&out);
    }
    assert_int_equal(wrong, 0);
}

/* ---- depth: an object that has itself inside ---- */

static void test_depth(void **state)
{
    struct definitions definitions;
    struct arena *arena = arena_new(CEILING);
    char text[] = "countersign-definitions 1\nservice zoo 2020-01-02\naction Ask read\n"
                  "object AskRequest In:AskRequest\nobject AskResponse\nend 1 2\n";
    (void)state;
    assert_int_equal(definitions_text_read(&definitions, text, sizeof text - 1, "x", arena, NULL), 0);
    for (int levels = 1; levels < 20; levels++) {
        char document[1024] = "";
        size_t values = 0;
        struct json_value root;
        struct buf out;
        struct err err = {0};
        for (int i = 1; i < levels; i++)
            strncat(document, "{\"In\":", sizeof document - strlen(document) - 1);
        for (int i = 0; i < levels; i++)
            strncat(document, i == 0 ? "{}" : "}", sizeof document - strlen(document) - 1);
        buf_init(&out, CEILING);
        assert_int_equal(json_value_read(document, strlen(document), 32, &root, NULL), 0);
        int result =
            document_read(definitions_object(&definitions, "AskRequest"), &root, &out, &values, &err);
        assert_int_equal(result, levels <= DOCUMENT_DEPTH_MAX ? 0 : -1);
        if (result == 0)
            assert_string_equal(buf_text(&out), document);
        else
            assert_non_null(strstr(err.text, "the document nests deeper than 15 levels"));
        buf_done(&out);
    }
    arena_free(arena);
}

/* Whatever is put in for whatever byte, nothing is read beside the text. */
static void test_spoilt(void **state)
{
    static const char document[] =
        "{\"Id\":\"\\ud83d\\ude00\",\"Amounts\":[1,-2],\"Food\":{\"Parts\":[{\"Born\":\"\\u0041\"}]},"
        "\"Weight\":1.5e3,\"\\u004fld\":true}";
    static const char bytes[] = "\"\\{}[]:,0u-e. \x7f";
    struct definitions definitions;
    struct arena *arena = arena_new(CEILING);
    char *text = unit_vector("definitions", "zoo-20200102.txt");
    size_t length = strlen(text);
    char *whole = malloc(length + 2);
    (void)state;
    assert_non_null(whole);
    (void)snprintf(whole, length + 2, "%s\n", text);
    assert_int_equal(definitions_text_read(&definitions, whole, length + 1, "x", arena, NULL), 0);
    for (size_t i = 0; i <= sizeof document - 1; i++)
        for (size_t j = 0; j < sizeof bytes - 1; j++) {
            char *exact = malloc(sizeof document - 1);
            struct json_value root;
            struct buf out;
            size_t values = 0;
            assert_non_null(exact);
            memcpy(exact, document, sizeof document - 1);
            if (i < sizeof document - 1)
                exact[i] = bytes[j];
            buf_init(&out, CEILING);
            int result = json_value_read(exact, sizeof document - 1, 15, &root, NULL);
            if (result == 0)
                result = document_read(definitions_object(&definitions, "FeedAnimalRequest"), &root, &out,
                                       &values, NULL);
            if (i == sizeof document - 1) {
                assert_int_equal(result, 0);
                assert_int_equal(values, 6);
            }
            buf_done(&out);
            free(exact);
        }
    free(text);
    free(whole);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers), cmocka_unit_test(test_numbers_are_refused_before_they_are_judged),
        cmocka_unit_test(test_paths),   cmocka_unit_test(test_depth),
        cmocka_unit_test(test_spoilt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
