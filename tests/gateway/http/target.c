#include "gateway/http/target.h"

#include "tests/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CEILING = 1024 * 1024 };

/* What a target is taken apart to: "seg|seg ? name=value & name=value", or what is said against it. */
static char *describe(const char *path, const char *query)
{
    struct arena *arena = arena_new(CEILING);
    struct target target;
    struct err err = {0};
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(arena);
    assert_non_null(out);
    if (target_parse(path, query, arena, &target, &err) != 0) {
        (void)fprintf(out, "! %s", err.text);
    } else {
        for (size_t i = 0; i < target.segment_count; i++)
            (void)fprintf(out, "%s%s", i == 0 ? "" : "|", target.segments[i]);
        if (target.slash)
            (void)fputs(" /", out);
        for (size_t i = 0; i < target.pair_count; i++)
            (void)fprintf(out, "%s%s=%s", i == 0 ? " ? " : " & ", target.pairs[i].name,
                          target.pairs[i].value);
    }
    (void)fclose(out);
    arena_free(arena);
    return text;
}

#define ESCAPE           "! the path holds a '%' that is no escape"
#define NEEDLESS         "! the path escapes a character that must not be escaped"
#define RAW              "! the path holds a character that must be escaped"
#define PATH_TEXT        "! the path holds a NUL or is not UTF-8"
#define DOTS             "! the path has an empty segment, '.' or '..'"
#define QUERY            "! the query holds a '%' that is no escape: write it as %25"
#define BRACKET          "! the query holds a bracket: a list is its name several times, as in a=1&a=2"
#define WRITE(c, escape) "! the query holds '" c "', which must be written as %" escape
#define OCTET(escape)    "! the query holds an octet that must be written as %" escape
#define QUERY_TEXT       "! the query holds a NUL or is not UTF-8"
#define NAMELESS         "! the query has a pair without a name"

#define LIST(n) "! a list has no brackets here: write " n "= once for each value, as in " n "=a&" n "=b"

/* clang-format off */
static const struct {
    const char *path, *query, *expected;
} rows[] = {
    {"/vpcs/vpc-2ari9m7h/classiclinks", NULL, "vpcs|vpc-2ari9m7h|classiclinks"},
    {"/", NULL, ""},
    {"/a", NULL, "a"},
    {"/a-._~!$&'()*+,;=:@", NULL, "a-._~!$&'()*+,;=:@"}, /* every pchar */
    {"/a+b", NULL, "a+b"},                               /* no form: a plus is one */
    {"/a%20b", NULL, "a b"},
    {"/%E6%97%A5", NULL, "\xE6\x97\xA5"},
    {"/100%25", NULL, "100%"},
    {"/%2541", NULL, "%41"}, /* once, not twice */
    {"/...", NULL, "..."},
    {"/.a", NULL, ".a"},
    {"/a..", NULL, "a.."},
    {"", NULL, "! the request target must start with '/'"},
    {"*", NULL, "! the request target must start with '/'"},
    {"vpcs", NULL, "! the request target must start with '/'"},
    {"http://h/vpcs", NULL, "! the request target must start with '/'"},
    {"//", NULL, DOTS},
    {"/a/", NULL, "a /"},
    {"//a", NULL, DOTS},
    {"/a//b", NULL, DOTS},
    {"/a//", NULL, DOTS},
    {"/a/b/", "c=d", "a|b / ? c=d"},
    {"/.", NULL, DOTS},
    {"/..", NULL, DOTS},
    {"/a/../b", NULL, DOTS},
    {"/a/./b", NULL, DOTS},
    {"/%2e%2e/b", NULL, NEEDLESS},
    {"/.%2E/b", NULL, NEEDLESS},
    {"/%76pcs", NULL, NEEDLESS},
    {"/a%2Db", NULL, NEEDLESS},
    {"/a%7Eb", NULL, NEEDLESS},
    {"/a%2Fb", NULL, NEEDLESS},
    {"/a%2fb", NULL, NEEDLESS},
    {"/a%5Cb", NULL, NEEDLESS},
    {"/a%5cb", NULL, NEEDLESS},
    {"/a\\b", NULL, RAW},
    {"/a b", NULL, RAW},
    {"/a\"b", NULL, RAW},
    {"/a<b>", NULL, RAW},
    {"/a[b]", NULL, RAW},
    {"/a{b}", NULL, RAW},
    {"/a|b", NULL, RAW},
    {"/a^b", NULL, RAW},
    {"/a`b", NULL, RAW},
    {"/a#b", NULL, RAW},
    {"/a?b", NULL, RAW},
    {"/\xE6\x97\xA5", NULL, RAW},
    {"/a\x7F", NULL, RAW},
    {"/a\n", NULL, RAW},
    {"/%", NULL, ESCAPE},
    {"/%4", NULL, ESCAPE},
    {"/a%4/b", NULL, ESCAPE},
    {"/%zz", NULL, ESCAPE},
    {"/%4z", NULL, ESCAPE},
    {"/%+1", NULL, ESCAPE},
    {"/%u0041", NULL, ESCAPE},
    {"/a%00b", NULL, PATH_TEXT},
    {"/a%00", NULL, PATH_TEXT},
    {"/%00", NULL, PATH_TEXT},
    /* Other controls are the business of whoever knows the field: the sentence then names it. */
    {"/a%0d%0aX", NULL, "a\r\nX"},
    {"/a%0A", NULL, "a\n"},
    {"/a%1b", NULL, "a\x1B"},
    {"/a%7F", NULL, "a\x7F"},
    {"/%FF", NULL, PATH_TEXT},
    {"/%C0%AF", NULL, PATH_TEXT}, /* an overlong slash */
    {"/%E6%97", NULL, PATH_TEXT},
    {"/%ED%A0%80", NULL, PATH_TEXT},
    {"/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p", NULL, "a|b|c|d|e|f|g|h|i|j|k|l|m|n|o|p"},
    {"/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q", NULL, "! the path has more than 16 segments"},
    {"/a", "", "a"},
    {"/a", "b=c", "a ? b=c"},
    {"/a", "b=c&b=d&e=", "a ? b=c & b=d & e="}, /* all, in order */
    {"/a", "b", "a ? b="},
    {"/a", "b=c=d", "a ? b=c=d"},
    {"/a", "b=c+d%2Be", "a ? b=c d+e"},
    {"/a", "b%20c=d", "a ? b c=d"},
    {"/a", "%62=%63", "a ? b=c"},
    {"/a", "b=/?:@!$'()*,;", "a ? b=/?:@!$'()*,;"},
    {"/a", "b=%E6%97%A5", "a ? b=\xE6\x97\xA5"},
    {"/a", "b=%26Action%3Dx", "a ? b=&Action=x"},
    {"/a", "&", "a"},
    {"/a", "b=c&", "a ? b=c"},
    {"/a", "&b=c", "a ? b=c"},
    {"/a", "b&&c", "a ? b= & c="},
    {"/a", "&=c", NAMELESS},
    {"/a", "=c", NAMELESS},
    {"/a", "b=%", QUERY},
    {"/a", "b=%4", QUERY},
    {"/a", "b=%zz", QUERY},
    {"/a", "b%=c", QUERY},
    {"/a", "b=%2", QUERY},
    {"/a", "b=%&c=d", QUERY},
    {"/a", "b=c d", OCTET("20")},
    {"/a", "b=\"c\"", WRITE("\"", "22")},
    {"/a", "b[]=c", LIST("b")},
    {"/a", "instanceIds[]=ins-a&instanceIds[]=ins-b", LIST("instanceIds")},
    {"/a", "x=1&ids[0]=a", LIST("ids")},
    {"/a", "ids%5B]=a", LIST("ids")},
    {"/a", "ids[", LIST("ids")},
    {"/a", "ids]=a", BRACKET},
    {"/a", "[]=a", BRACKET},
    {"/a", "%5B[]=a", BRACKET},
    {"/a", "a!b[]=a", BRACKET},
    {"/a", "abcdefghijklmnopqrstuvwxyzabcdef[]=a", LIST("abcdefghijklmnopqrstuvwxyzabcdef")},
    {"/a", "abcdefghijklmnopqrstuvwxyzabcdefg[]=a", BRACKET}, /* as long as a token in the wrong place */
    {"/a", "b=c[0]", WRITE("[", "5B")},
    {"/a", "b=c#d", WRITE("#", "23")},
    {"/a", "b=c\\d", WRITE("\\", "5C")},
    {"/a", "b=\xE6\x97\xA5", OCTET("E6")},
    {"/a", "b=%00", QUERY_TEXT},
    {"/a", "b=c%00d", QUERY_TEXT},
    {"/a", "b%00=c", QUERY_TEXT},
    {"/a", "b=%0d%0a", "a ? b=\r\n"},
    {"/a", "b=%FF", QUERY_TEXT},
    {"/a", "%C0%AF=b", QUERY_TEXT},
};
/* clang-format on */

static void table(void **state)
{
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char row[200];
        char *got = describe(rows[i].path, rows[i].query);
        (void)snprintf(row, sizeof row, "%s?%s", rows[i].path, rows[i].query == NULL ? "" : rows[i].query);
        wrong += unit_differs(row, rows[i].expected, got);
        free(got);
    }
    assert_int_equal(wrong, 0);
}

static void pairs_are_bounded(void **state)
{
    struct arena *arena = arena_new(CEILING);
    struct target target;
    struct err err = {0};
    char query[2 * (TARGET_PAIRS_MAX + 1)];
    (void)state;
    for (size_t i = 0; i < sizeof query; i++)
        query[i] = i % 2 == 0 ? 'a' : '&';
    query[sizeof query - 3] = '\0';
    assert_int_equal(target_parse("/a", query, arena, &target, &err), 0);
    assert_int_equal(target.pair_count, TARGET_PAIRS_MAX);
    query[sizeof query - 3] = '&';
    query[sizeof query - 1] = '\0';
    assert_int_equal(target_parse("/a", query, arena, &target, &err), -1);
    assert_string_equal(err.text, "the query has more than 256 pairs");
    assert_int_equal(err.kind, ERR_LIMIT);
    arena_free(arena);
}

static void memory_that_is_out_is_told(void **state)
{
    struct arena *arena = arena_new(64);
    struct target target;
    struct err err = {0};
    (void)state;
    assert_int_equal(target_parse("/a/b/c/d/e/f", NULL, arena, &target, &err), -1);
    assert_int_equal(err.kind, ERR_MEMORY);
    arena_free(arena);
}

int main(void)
{
    /* clang-format off */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table),
        cmocka_unit_test(pairs_are_bounded),
        cmocka_unit_test(memory_that_is_out_is_told),
    };
    /* clang-format on */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
