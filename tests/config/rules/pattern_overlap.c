/* Patterns of policies against patterns of parameters: a table, and then every short text for random pairs of
 * them, by the C library's own regular expressions. */
#include "config/rules/pattern_overlap.h"

#include "base/text.h"

#include "tests/unit.h"

#include <regex.h>
#include <stdio.h>
#include <string.h>

static const char vpc[] = "vpc-[0-9a-z]{1,32}|gz_vpc_[0-9]{1,10}";

static void table(void **state)
{
    /* clang-format off */
    static const struct {
        const char *pattern, *expression;
        bool possible;
    } rows[] = {
        {"vpc-*", vpc, true}, {"vpc-a*", vpc, true}, {"vpc*", vpc, true}, {"*", vpc, true},
        {"gz_*", vpc, true},
        {"gz_vpc_*5", vpc, true}, {"*z", vpc, true}, {"*-*", vpc, true}, {"v*c-*1*", vpc, true},
        {"vpc_*", vpc, false}, {"VPC-*", vpc, false}, {"vpc-A*", vpc, false}, {"*-", vpc, false},
        {"ins-*", vpc, false},
        {"gz_vpc_*a", vpc, false}, {"gz_vpc-*", vpc, false}, {"vpc-*-*", vpc, false},
        {"*_*_*_*", vpc, false},
        {"gz_vpc_12345678901*", vpc, false}, {"gz_vpc_1234567890*", vpc, true}, {"* *", vpc, false},
        {"a*", "a", true}, {"aa*", "a", false}, {"*a*", "b*", false}, {"*", "", true}, {"a*", "", false},
        {"*", "()", true}, {"ab*", "(a|b)*", true}, {"*c", "(a|b)*", false}, {"*ba", "(ab)+", false},
        {"*ab", "(ab)+", true},
        {"aaa*", "a{2}", false}, {"aaa*", "a{2,3}", true}, {"aaaa*", "a{2,3}", false},
        {"aaaaaaaaa*", "a{2,}", true},
        {"*b", "a?", false}, {"b*", "a?b", true}, {"*\\*", "a\\\\", true}, {"a.*", "a\\.b", true},
        {"ax*", "a\\.b", false},
        {"*]", "[]a]+", true}, {"*^", "[^b]", true}, {"*b", "[^b]", false}, {"a-*", "[a-c]-", true},
        {"d-*", "[a-c]-", false},
        {"*-", "[a-]", true}, {"x*", ".", true}, {"xy*", ".", false}, {"*1", "((a|b)(1|2))+", true},
        {"a*a", "((a|b)(1|2))+", false},
        /* not understood: the benefit of the doubt */
        {"a*", "^b$", true}, {"a*", "[[:digit:]]", true}, {"a*", "\\w", true}, {"a*", "(b)\\1", true},
        {"a*", "((((((((((b))))))))))", true}, {"a*", "b**", true},
        {"a*", "((((((b{200}){200}){200}){200}){200}){200}", true},
    };
    /* clang-format on */
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char name[128];
        (void)snprintf(name, sizeof name, "%s with %s", rows[i].pattern, rows[i].expression);
        wrong += unit_wrong(name, pattern_overlap_possible(rows[i].pattern, rows[i].expression) ==
                                      rows[i].possible);
    }
    assert_int_equal(wrong, 0);
}

/* ---- every short text ---- */

enum { LONGEST = 8, PAIRS = 600 };

static unsigned dice(unsigned *seed, unsigned sides)
{
    *seed = *seed * 1664525 + 1013904223; /* Numerical Recipes */
    return (*seed >> 16) % sides;
}

static void make_pattern(unsigned *seed, char *out)
{
    unsigned length = 1 + dice(seed, 4);
    for (unsigned i = 0; i < length; i++)
        *out++ = "ab**"[dice(seed, 4)];
    *out++ = '*';
    *out = '\0';
}

static void make_expression(unsigned *seed, char *out, size_t size)
{
    static const char *const parts[] = {"a", "b", "[ab]", "[^a]", "(a|bb)", "(ab|)", "(a(b|a))", "."};
    static const char *const repeats[] = {"", "", "", "*", "+", "?", "{2}", "{1,2}"};
    size_t used = 0;
    unsigned count = 1 + dice(seed, 3);
    for (unsigned i = 0; i < count; i++) {
        const char *part = parts[dice(seed, COUNT(parts))];
        const char *repeat = repeats[dice(seed, COUNT(repeats))];
        used += (size_t)snprintf(out + used, size - used, "%s%s%s", i > 0 && dice(seed, 4) == 0 ? "|" : "",
                                 part, repeat);
    }
}

/* Is there a text of a and b, at most LONGEST long, that both match? */
static bool exists(const char *pattern, const regex_t *expression)
{
    char text[LONGEST + 1];
    for (unsigned length = 0; length <= LONGEST; length++)
        for (unsigned bits = 0; bits < 1U << length; bits++) {
            for (unsigned i = 0; i < length; i++)
                text[i] = (bits >> i & 1) != 0 ? 'b' : 'a';
            text[length] = '\0';
            if (text_matches(pattern, text) && regexec(expression, text, 0, NULL, 0) == 0)
                return true;
        }
    return false;
}

static void every_short_text(void **state)
{
    unsigned seed = 20261125;
    unsigned impossible = 0;
    unsigned longer = 0; /* than the longest that is tried */
    int wrong = 0;
    (void)state;
    for (unsigned i = 0; i < PAIRS; i++) {
        char pattern[8];
        char expression[64];
        char anchored[80];
        char name[96];
        regex_t compiled;
        make_pattern(&seed, pattern);
        make_expression(&seed, expression, sizeof expression);
        (void)snprintf(anchored, sizeof anchored, "^(%s)$", expression);
        (void)snprintf(name, sizeof name, "%s with %s", pattern, expression);
        assert_int_equal(regcomp(&compiled, anchored, REG_EXTENDED | REG_NOSUB), 0);
        bool possible = pattern_overlap_possible(pattern, expression);
        impossible += !possible;
        bool found = exists(pattern, &compiled);
        wrong += unit_wrong(name, possible || !found);
        longer += possible && !found;
        regfree(&compiled);
    }
    assert_true(impossible > PAIRS / 20);
    assert_true(longer < PAIRS / 50);
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table),
        cmocka_unit_test(every_short_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
