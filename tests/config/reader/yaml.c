#include "config/reader/yaml.h"

#include "tests/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CEILING = 16 * 1024 * 1024 };

static struct arena *arena;

static int enter(void **state)
{
    (void)state;
    arena = arena_new(CEILING);
    return arena == NULL ? -1 : 0;
}

static int leave(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

/* What is reported for a text; NULL when it is good. */
static char *errors_of(const char *text, size_t length)
{
    struct report report;
    report_init(&report);
    const struct yaml_node *root = yaml_parse(text, length, "a.yaml", arena, &report);
    assert_true(root != NULL || report.error_count > 0);
    char *errors = report.error_count == 0 ? NULL : strdup(buf_text(&report.errors));
    report_done(&report);
    return errors;
}

static const struct yaml_node *good(const char *text)
{
    struct report report;
    report_init(&report);
    const struct yaml_node *root = yaml_parse(text, strlen(text), "a.yaml", arena, &report);
    if (root == NULL)
        fail_msg("%s", buf_text(&report.errors));
    report_done(&report);
    return root;
}

static void a_tree_knows_its_lines(void **state)
{
    const struct yaml_node *root = good("# a comment\n"
                                        "name: vpc\n"
                                        "list:\n"
                                        "  - one\n"
                                        "  - { key: \"two\", other: 3 }\n"
                                        "empty:\n");
    const struct yaml_node *list = yaml_get(root, "list");
    const struct yaml_node *inner = list->children->next;
    (void)state;
    assert_int_equal(root->kind, YAML_MAP);
    assert_int_equal(root->count, 3);
    assert_string_equal(root->mark.file, "a.yaml");
    assert_string_equal(yaml_get(root, "name")->text, "vpc");
    assert_false(yaml_get(root, "name")->quoted);
    assert_int_equal(yaml_get(root, "name")->mark.line, 2);
    assert_int_equal(yaml_get(root, "name")->mark.column, 7);
    assert_int_equal(list->kind, YAML_LIST);
    assert_int_equal(list->count, 2);
    assert_int_equal(list->key_mark.line, 3);
    assert_int_equal(list->key_mark.column, 1);
    assert_int_equal(inner->kind, YAML_MAP);
    assert_int_equal(inner->mark.line, 5);
    assert_int_equal(inner->mark.column, 5);
    assert_true(yaml_get(inner, "key")->quoted);
    assert_string_equal(yaml_get(inner, "other")->text, "3");
    assert_string_equal(yaml_get(root, "empty")->text, "");
    assert_null(yaml_get(root, "absent"));
    assert_null(yaml_get(list, "one"));
    assert_null(yaml_get(NULL, "one"));
    assert_null(inner->next);
}

/* Typing is the reader's: YAML 1.1's surprises stay text. */
static void everything_is_text(void **state)
{
    static const char *const texts[] = {"no",   "yes",  "010",        "1e3",   "~",
                                        "null", "0x1F", "2026-11-24", "1_000", ".inf"};
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        const struct yaml_node *root = good(texts[i]);
        assert_int_equal(root->kind, YAML_SCALAR);
        assert_string_equal(root->text, texts[i]);
    }
}

static void refusals(void **state)
{
    /* clang-format off */
    static const struct {
        const char *text, *errors;
    } rows[] = {
        {"", "a.yaml:1:1: the file is empty\n"},
        {"# only a comment\n", "a.yaml:1:1: the file is empty\n"},
        {"---\na: 1\n---\nb: 2\n", "a.yaml:3:1: a second document: one file is one document\n"},
        {"a: &x 1\n", "a.yaml:1:4: anchors are not taken here: write the value out\n"},
        {"a: &x [1]\n", "a.yaml:1:4: anchors are not taken here: write the value out\n"},
        {"a: &x { b: 1 }\n", "a.yaml:1:4: anchors are not taken here: write the value out\n"},
        {"&x a: 1\n", "a.yaml:1:1: anchors are not taken here: write the value out\n"},
        {"a: *x\n", "a.yaml:1:4: aliases are not taken here: write the value out\n"},
        {"*x : 1\n", "a.yaml:1:1: aliases are not taken here: write the value out\n"},
        {"<<: *x\n", "a.yaml:1:5: aliases are not taken here: write the value out\n"},
        {"a: !!str 1\n", "a.yaml:1:4: tags are not taken here: remove the '!'\n"},
        {"a: !x [1]\n", "a.yaml:1:4: tags are not taken here: remove the '!'\n"},
        {"a: !!map {}\n", "a.yaml:1:4: tags are not taken here: remove the '!'\n"},
        {"a: ! 1\n", "a.yaml:1:4: tags are not taken here: remove the '!'\n"},
        {"a: 1\nb: 2\na: 3\n", "a.yaml:3:1: the key 'a' is already on line 1\n"},
        {"a: 1\n\"a\": 2\n", "a.yaml:2:1: the key 'a' is already on line 1\n"},
        {"a: { b: 1, b: 2 }\nc: { d: 1, d: 2 }\n", "a.yaml:1:12: the key 'b' is already on line 1\n"
                                                   "a.yaml:2:12: the key 'd' is already on line 2\n"},
        {"[a]: 1\n", "a.yaml:1:1: a key must be plain text\n"},
        {"{ a: 1 }: 1\n", "a.yaml:1:1: a key must be plain text\n"},
        {"? [a]\n: 1\n", "a.yaml:1:3: a key must be plain text\n"},
        {"a: \"x\\0y\"\n", "a.yaml:1:4: a NUL character is not text\n"},
        {"\"a\\0b\": 1\n", "a.yaml:1:1: a NUL character is not text\n"},
        {"a:\n\tb: 1\n", "a.yaml:2:1: found character that cannot start any token\n"},
        {"a: [1, 2\n", "a.yaml:2:1: did not find expected ',' or ']'\n"},
        {"a: 1\n b: 2\n", "a.yaml:2:3: mapping values are not allowed in this context\n"},
        {"a: \"x\n", "a.yaml:2:1: found unexpected end of stream\n"},
        {"a: \xFF\n", "a.yaml:1:1: not plain UTF-8 text (at byte 3 of the file)\n"},
        {"a: \x07\n", "a.yaml:1:1: not plain UTF-8 text (at byte 3 of the file)\n"},
        {"a: \xC0\xAF\n", "a.yaml:1:1: not plain UTF-8 text (at byte 3 of the file)\n"},
    };
    /* clang-format on */
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char *errors = errors_of(rows[i].text, strlen(rows[i].text));
        wrong += unit_differs(rows[i].text, rows[i].errors, errors);
        free(errors);
    }
    assert_int_equal(wrong, 0);
}

static void nul_in_the_file(void **state)
{
    char *errors = errors_of("a: b\0c\n", 7);
    (void)state;
    assert_non_null(errors);
    free(errors);
}

static void a_byte_order_mark_is_no_text(void **state)
{
    const struct yaml_node *root = good("\xEF\xBB\xBF"
                                        "a: 1\n");
    (void)state;
    assert_non_null(yaml_get(root, "a"));
}

static char *nested(size_t levels)
{
    char *text = malloc(2 * levels + 2);
    assert_non_null(text);
    memset(text, '[', levels);
    memset(text + levels, ']', levels);
    memcpy(text + 2 * levels, "\n", 2);
    return text;
}

static void depth_is_bounded(void **state)
{
    char *deepest = nested(YAML_DEPTH_MAX);
    char *too_deep = nested(YAML_DEPTH_MAX + 1);
    (void)state;
    assert_null(errors_of(deepest, strlen(deepest)));
    char *errors = errors_of(too_deep, strlen(too_deep));
    assert_string_equal(errors, "a.yaml:1:17: nested deeper than 16 levels\n");
    free(errors);
    free(deepest);
    free(too_deep);
}

/* Thousands of keys in one map are looked up, not compared one by one: the time limit would tell. */
static void many_keys(void **state)
{
    enum { KEYS = 50000 };
    struct buf text;
    (void)state;
    buf_init(&text, CEILING);
    for (int i = 0; i < KEYS; i++)
        buf_put_format(&text, "key%d: %d\n", i, i);
    buf_put(&text, "key7: again\n");
    char *errors = errors_of(buf_text(&text), text.length);
    assert_string_equal(errors, "a.yaml:50001:1: the key 'key7' is already on line 8\n");
    free(errors);
    buf_done(&text);
}

static void memory_that_is_out_is_told(void **state)
{
    static const char text[] = "a: [1, 2, 3, 4, 5, 6, 7, 8, 9]\nb: { c: d, e: f }\n";
    (void)state;
    for (size_t ceiling = 16; ceiling < 1024; ceiling += 16) {
        struct report report;
        struct arena *small = arena_new(ceiling);
        assert_non_null(small);
        report_init(&report);
        const struct yaml_node *root = yaml_parse(text, sizeof text - 1, "a.yaml", small, &report);
        assert_null(root);
        assert_non_null(strstr(buf_text(&report.errors), "out of memory\n"));
        report_done(&report);
        arena_free(small);
    }
}

int main(void)
{
    /* clang-format off */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tree_knows_its_lines),
        cmocka_unit_test(everything_is_text),
        cmocka_unit_test(refusals),
        cmocka_unit_test(nul_in_the_file),
        cmocka_unit_test(a_byte_order_mark_is_no_text),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(many_keys),
        cmocka_unit_test(memory_that_is_out_is_told),
    };
    /* clang-format on */
    return cmocka_run_group_tests(tests, enter, leave);
}
