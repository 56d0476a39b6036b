#include "config/reader/keyword.h"

#include "base/text.h"

#include "tests/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CEILING = 1024 * 1024 };

/* One of everything that a keyword can fill. */
struct filled {
    const char *text, *name, *path;
    long long number, any, duration, size;
    int choice;
    bool flag;
    int64_t time;
};

static const char *const colours[] = {"red", "green", NULL};
#define FIELD(field) offsetof(struct filled, field)
/* clang-format off */
static const struct keyword keywords[] = {
    {"version", keyword_version, 0, REQUIRED, 0, 0, NULL},
    {"text", keyword_text, FIELD(text), OPTIONAL, 0, 0, NULL},
    {"name", keyword_name, FIELD(name), OPTIONAL, 0, 0, NULL},
    {"path", keyword_path, FIELD(path), OPTIONAL, 0, 0, NULL},
    {"number", keyword_number, FIELD(number), OPTIONAL, 1, 9000, NULL},
    {"any", keyword_number, FIELD(any), OPTIONAL, 0, 0, NULL},
    {"duration", keyword_duration, FIELD(duration), OPTIONAL, 100, 60000, NULL},
    {"size", keyword_size, FIELD(size), OPTIONAL, 1024, 3145728, NULL},
    {"choice", keyword_choice, FIELD(choice), OPTIONAL, 0, 0, colours},
    {"flag", keyword_bool, FIELD(flag), OPTIONAL, 0, 0, NULL},
    {"time", keyword_time, FIELD(time), OPTIONAL, 0, 0, NULL},
};
/* clang-format on */

/* Reads `text` into `out`; what was reported ("" when nothing was).  Freed by the caller, texts in
 * `arena`. */
static char *read_map(const char *text, const char *file, struct arena *arena, struct filled *out)
{
    struct report report;
    struct loader loader = {.arena = arena, .report = &report};
    report_init(&report);
    const struct yaml_node *root = yaml_parse(text, strlen(text), file, arena, &report);
    assert_non_null(root);
    int result = keyword_read_map(&loader, root, "thing", keywords, COUNT(keywords), out);
    assert_int_equal(result, report.error_count == 0 ? 0 : -1);
    char *errors = strdup(buf_text(&report.errors));
    report_done(&report);
    return errors;
}

static void values(void **state)
{
    struct arena *arena = arena_new(CEILING);
    struct filled out = {0};
    (void)state;
    char *errors =
        read_map("version: 1\ntext: any \xC3\xA9\nname: a.b-c_d\npath: secrets/key\nnumber: 9000\n"
                 "any: -9223372036854775808\nduration: 1m\nchoice: green\nflag: true\ntime: 2027-05-31\n",
                 "/etc/countersign/a.yaml", arena, &out);
    assert_string_equal(errors, "");
    assert_string_equal(out.text, "any \xC3\xA9");
    assert_string_equal(out.name, "a.b-c_d");
    assert_string_equal(out.path, "/etc/countersign/secrets/key");
    assert_int_equal(out.number, 9000);
    assert_true(out.any == INT64_MIN);
    assert_int_equal(out.duration, 60000);
    assert_int_equal(out.choice, 1);
    assert_true(out.flag);
    assert_int_equal(out.time, 1811721600);
    free(errors);
    arena_free(arena);
}

static void durations(void **state)
{
    /* clang-format off */
    static const struct {
        const char *text;
        long long millis; /* -1: no duration, -2: out of bounds */
    } rows[] = {
        {"500ms", 500},
        {"100ms", 100},
        {"5s", 5000},
        {"1m", 60000},
        {"60s", 60000},
        {"0001s", 1000},
        {"99ms", -2},
        {"61s", -2},
        {"1h", -2},
        {"0s", -2},
        {"2m", -2},
        {"1000000000ms", -2},
        {"5", -1},
        {"s", -1},
        {"5 s", -1},
        {"5S", -1},
        {"5sec", -1},
        {"-5s", -1},
        {"+5s", -1},
        {"1.5s", -1},
        {"5d", -1},
        {"1m30s", -1},
        {"1e3ms", -1},
        {"\"\"", -1},
        {"1000000001ms", -1},
        {"99999999999999s", -1},
        {"9999999999999999999999s", -1},
    };
    /* clang-format on */
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena *arena = arena_new(CEILING);
        struct filled out = {.duration = 42};
        char text[100];
        (void)snprintf(text, sizeof text, "version: 1\nduration: %s\n", rows[i].text);
        char *errors = read_map(text, "a.yaml", arena, &out);
        const char *expected =
            rows[i].millis == -1   ? "a.yaml:2:11: duration must be a duration such as 500ms, 5s, 2m or 1h\n"
            : rows[i].millis == -2 ? "a.yaml:2:11: duration must be 100 to 60000 milliseconds\n"
                                   : "";
        wrong += unit_differs(rows[i].text, expected, errors);
        wrong += unit_wrong(rows[i].text, out.duration == (rows[i].millis < 0 ? 42 : rows[i].millis));
        free(errors);
        arena_free(arena);
    }
    assert_int_equal(wrong, 0);
}

static void sizes(void **state)
{
    /* clang-format off */
    static const struct {
        const char *text;
        long long bytes; /* -1: no size, -2: out of bounds */
    } rows[] = {
        {"1024", 1024}, {"2KiB", 2048}, {"3MiB", 3145728}, {"3145728", 3145728},
        {"1023", -2}, {"4MiB", -2}, {"0", -2}, {"1000000000MiB", -2},
        {"1KB", -1}, {"1kib", -1}, {"1 MiB", -1}, {"MiB", -1}, {"-1", -1},
        {"1.5MiB", -1}, {"1000000001", -1}, {"\"\"", -1},
    };
    /* clang-format on */
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena *arena = arena_new(CEILING);
        struct filled out = {.size = 42};
        char text[100];
        (void)snprintf(text, sizeof text, "version: 1\nsize: %s\n", rows[i].text);
        char *errors = read_map(text, "a.yaml", arena, &out);
        const char *expected = rows[i].bytes == -1
                                   ? "a.yaml:2:7: size must be a size such as 65536, 64KiB or 1MiB\n"
                               : rows[i].bytes == -2 ? "a.yaml:2:7: size must be 1024 to 3145728 bytes\n"
                                                     : "";
        wrong += unit_differs(rows[i].text, expected, errors);
        wrong += unit_wrong(rows[i].text, out.size == (rows[i].bytes < 0 ? 42 : rows[i].bytes));
        free(errors);
        arena_free(arena);
    }
    assert_int_equal(wrong, 0);
}

static void refusals(void **state)
{
    /* clang-format off */
    static const struct {
        const char *line, *errors;
    } rows[] = {
        {"colour: red",
         "a.yaml:2:1: thing has no key 'colour' (version, text, name, path, number, any, duration, size, "
         "choice, flag, time)\n"},
        {"Text: a",
         "a.yaml:2:1: thing has no key 'Text' (version, text, name, path, number, any, duration, size, "
                    "choice, flag, time)\n"},
        {"text:", "a.yaml:2:6: text must not be empty\n"},
        {"text: [a]", "a.yaml:2:7: text must be text, not a list\n"},
        {"text: { a: b }", "a.yaml:2:7: text must be text, not a map\n"},
        {"text: \"a\\nb\"", "a.yaml:2:7: text holds a control character\n"},
        {"name: a b", "a.yaml:2:7: name must be 1 to 64 letters, digits, '-', '_' or '.', starting with a "
                      "letter or digit\n"},
        {"number: 0", "a.yaml:2:9: number must be 1 to 9000\n"},
        {"number: 9001", "a.yaml:2:9: number must be 1 to 9000\n"},
        {"number: -1", "a.yaml:2:9: number must be 1 to 9000\n"},
        {"number: +5", "a.yaml:2:9: number must be a whole number\n"},
        {"number: 0x10", "a.yaml:2:9: number must be a whole number\n"},
        {"number: 1e3", "a.yaml:2:9: number must be a whole number\n"},
        {"number: 1.0", "a.yaml:2:9: number must be a whole number\n"},
        {"number: ten", "a.yaml:2:9: number must be a whole number\n"},
        {"number: \"5\"", "a.yaml:2:9: number must be a whole number\n"},
        {"number: 9223372036854775808", "a.yaml:2:9: number must be a whole number\n"},
        {"any: --5", "a.yaml:2:6: any must be a whole number\n"},
        {"choice: blue", "a.yaml:2:9: choice must be red or green, not 'blue'\n"},
        {"choice: RED", "a.yaml:2:9: choice must be red or green, not 'RED'\n"},
        {"flag: yes", "a.yaml:2:7: flag must be true or false\n"},
        {"flag: \"true\"", "a.yaml:2:7: flag must be true or false\n"},
        {"flag: True", "a.yaml:2:7: flag must be true or false\n"},
        {"time: tomorrow",
         "a.yaml:2:7: time must be a date (2027-05-31, from 00:00 UTC) or a time (2027-05-31T18:00:00Z)\n"},
        {"time: 2027-02-29",
         "a.yaml:2:7: time must be a date (2027-05-31, from 00:00 UTC) or a time (2027-05-31T18:00:00Z)\n"},
    };
    /* clang-format on */
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena *arena = arena_new(CEILING);
        struct filled out = {0};
        char text[200];
        (void)snprintf(text, sizeof text, "version: 1\n%s\n", rows[i].line);
        char *errors = read_map(text, "a.yaml", arena, &out);
        wrong += unit_differs(rows[i].line, rows[i].errors, errors);
        free(errors);
        arena_free(arena);
    }
    assert_int_equal(wrong, 0);
}

static void all_errors_in_one_go(void **state)
{
    struct arena *arena = arena_new(CEILING);
    struct filled out = {0};
    (void)state;
    char *errors = read_map("number: x\nbogus: 1\nflag: 7\n", "a.yaml", arena, &out);
    assert_string_equal(errors,
                        "a.yaml:1:9: number must be a whole number\n"
                        "a.yaml:2:1: thing has no key 'bogus' (version, text, name, path, number, any, "
                        "duration, size, choice, flag, time)\n"
                        "a.yaml:3:7: flag must be true or false\n"
                        "a.yaml:1:1: thing lacks the key 'version'\n");
    free(errors);
    arena_free(arena);
}

static void a_map_is_expected(void **state)
{
    struct arena *arena = arena_new(CEILING);
    struct filled out = {0};
    (void)state;
    char *errors = read_map("[1, 2]\n", "a.yaml", arena, &out);
    assert_string_equal(errors, "a.yaml:1:1: thing must be a map, not a list\n");
    free(errors);
    errors = read_map("text\n", "a.yaml", arena, &out);
    assert_string_equal(errors, "a.yaml:1:1: thing must be a map, not text\n");
    free(errors);
    arena_free(arena);
}

/* A quoted name that is cut must still be text that a terminal can show. */
static void a_long_key_is_cut_to_whole_characters(void **state)
{
    struct arena *arena = arena_new(CEILING);
    struct filled out = {0};
    struct buf text;
    (void)state;
    buf_init(&text, CEILING);
    buf_put(&text, "version: 1\n");
    for (int i = 0; i < 40; i++)
        buf_put(&text, "\xE6\x97\xA5");
    buf_put(&text, ": 1\n");
    char *errors = read_map(buf_text(&text), "a.yaml", arena, &out);
    bool whole = text_is_utf8(errors, strlen(errors));
    free(errors);
    buf_done(&text);
    arena_free(arena);
    assert_true(whole);
}

static void numbers(void **state)
{
    /* clang-format off */
    static const struct {
        const char *text;
        bool good;
        long long number;
    } rows[] = {
        {"0", true, 0},
        {"-0", true, 0},
        {"42", true, 42},
        {"-42", true, -42},
        {"007", true, 7},
        {"9223372036854775807", true, INT64_MAX},
        {"-9223372036854775808", true, INT64_MIN},
        {"9223372036854775808", false, 0},
        {"-9223372036854775809", false, 0},
        {"", false, 0},
        {"-", false, 0},
        {"+1", false, 0},
        {" 1", false, 0},
        {"1 ", false, 0},
        {"1a", false, 0},
        {"- 1", false, 0},
        {"0x1", false, 0},
        {"1e1", false, 0},
        {"1.0", false, 0},
        {"\t1", false, 0},
    };
    /* clang-format on */
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        long long number = 0;
        bool good = keyword_parse_number(rows[i].text, &number);
        wrong += unit_wrong(rows[i].text, good == rows[i].good && (!good || number == rows[i].number));
    }
    assert_int_equal(wrong, 0);
}

int main(void)
{
    /* clang-format off */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values),
        cmocka_unit_test(durations),
        cmocka_unit_test(sizes),
        cmocka_unit_test(refusals),
        cmocka_unit_test(all_errors_in_one_go),
        cmocka_unit_test(a_map_is_expected),
        cmocka_unit_test(a_long_key_is_cut_to_whole_characters),
        cmocka_unit_test(numbers),
    };
    /* clang-format on */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
