/* Expressions for values: by example, and against POSIX's regexec(3) where both mean the same. */
#include "config/model/pattern.h"

#include "tests/unit.h"

#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *expression, *value;
    bool fits;
} rows[] = {
    {"ins-[0-9a-z]{1,32}", "ins-df454d", true},
    {"ins-[0-9a-z]{1,32}", "xins-df454d", false},
    {"ins-[0-9a-z]{1,32}", "ins-df454d!", false},
    {"ins-[0-9a-z]{1,32}", "ins-df454d\n", false}, /* a dollar would let it pass */
    {"ins-[0-9a-z]{1,32}", "ins-DF454D", false},
    {"a|ab", "ab", true}, /* whole values: the first that begins so is not the last word */
    {"a|b", "ab", false},
    {"", "", true},
    {"", "a", false},
    {".", "\n", true},
    {".", "\xC3\xA9", false}, /* two bytes */
    {"..", "\xC3\xA9", true},
    {"(a)(b)", "ab", true},
    {"(?i)vpc", "VPC", true},
    {"a$b|a", "a", true},
};

static void examples(void **state)
{
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err err = {0};
        struct pattern *pattern = pattern_new(rows[i].expression, &err);
        wrong += unit_wrong(rows[i].expression,
                            pattern != NULL && pattern_match(pattern, rows[i].value) ==
                                                   (rows[i].fits ? PATTERN_FITS : PATTERN_DIFFERS));
        pattern_free(pattern);
    }
    assert_int_equal(wrong, 0);
}

/* None of them could be told in one clear way what it matches, or changes how all others are read. */
static void refused(void **state)
{
    static const char *const expressions[] = {"(",      ")",  "a)|(b",   "[",   "*",  "a{2,1}",
                                              "(a)\\1", "\\", "(*UTF)a", "\\C", "a\\"};
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(expressions); i++) {
        struct err err = {0};
        struct pattern *pattern = pattern_new(expressions[i], &err);
        wrong += unit_wrong(expressions[i], pattern == NULL && err.kind == ERR_INPUT &&
                                                strstr(err.text, ", at character ") != NULL);
        pattern_free(pattern);
    }
    assert_int_equal(wrong, 0);
}

/* As many ways are to be tried as there are characters: more than fit into the first KiB. */
static void many_ways(void **state)
{
    char value[257];
    struct err err = {0};
    struct pattern *pattern = pattern_new("(([a-z])|([0-9])|x)+-(ab|cd)*", &err);
    (void)state;
    assert_non_null(pattern);
    memset(value, 'x', sizeof value - 1);
    value[sizeof value - 1] = '\0';
    memcpy(value + 200, "-abcd", 6);
    assert_int_equal(pattern_match(pattern, value), PATTERN_FITS);
    memcpy(value + 200, "-abcx", 6);
    assert_int_equal(pattern_match(pattern, value), PATTERN_DIFFERS);
    pattern_free(pattern);
}

/* It would take 2^200 steps to try all; that it fits can be seen in fewer. */
static void too_many_steps(void **state)
{
    char value[202];
    struct err err = {0};
    struct pattern *pattern = pattern_new("(a|aa|a?)+c|a+", &err);
    (void)state;
    assert_non_null(pattern);
    memset(value, 'a', sizeof value - 1);
    value[sizeof value - 1] = '\0';
    assert_int_equal(pattern_match(pattern, value), PATTERN_DIFFERS);
    pattern_free(pattern);
}

/* Over a small alphabet, so that most of what is made is an expression, and matches now and then. */
static void as_posix_says(void **state)
{
    static const char alphabet[] = "aabb|()*+?.[ab][^a]";
    char expression[12] = "";
    char anchored[16];
    char value[6] = "";
    size_t compared = 0;
    size_t fitted = 0;
    (void)state;
    srand(20261125);
    for (int i = 0; i < 300000; i++) {
        struct err err = {0};
        regex_t posix;
        size_t length = 1 + (size_t)rand() % (sizeof expression - 1);
        for (size_t at = 0; at < length; at++)
            expression[at] = alphabet[(size_t)rand() % (sizeof alphabet - 1)];
        expression[length] = '\0';
        for (size_t at = 0; at + 1 < sizeof value; at++)
            value[at] = "ab"[rand() % 2];
        value[(size_t)rand() % sizeof value] = '\0';
        /* Undefined in POSIX, or something else in PCRE2: a repeated repetition, an empty choice, a
         * repetition of nothing, what begins with (? or (* and an unmatched bracket. */
        bool same = strpbrk(expression, "*+?") == NULL || strlen(expression) < 2 ||
                    (strchr("*+?", expression[0]) == NULL && strstr(expression, "(?") == NULL &&
                     strstr(expression, "(*") == NULL && strstr(expression, "(+") == NULL);
        for (const char *at = expression; same && *at != '\0' && at[1] != '\0'; at++)
            same = strchr("*+?|(", *at) == NULL || strchr("*+?|)", at[1]) == NULL;
        same = same && strchr("|", expression[0]) == NULL && expression[length - 1] != '|';
        (void)snprintf(anchored, sizeof anchored, "^(%s)$", expression);
        if (!same || regcomp(&posix, expression, REG_EXTENDED | REG_NOSUB) != 0)
            continue;
        regfree(&posix);
        assert_int_equal(regcomp(&posix, anchored, REG_EXTENDED | REG_NOSUB), 0);
        struct pattern *pattern = pattern_new(expression, &err);
        if (pattern != NULL) {
            bool fits = regexec(&posix, value, 0, NULL, 0) == 0;
            if (pattern_match(pattern, value) != (fits ? PATTERN_FITS : PATTERN_DIFFERS))
                fail_msg("'%s' and '%s': POSIX says %d", expression, value, fits);
            compared++;
            fitted += fits;
        }
        pattern_free(pattern);
        regfree(&posix);
    }
    assert_true(compared > 10000);
    assert_true(fitted > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(examples), cmocka_unit_test(refused),
                                       cmocka_unit_test(many_ways), cmocka_unit_test(too_many_steps),
                                       cmocka_unit_test(as_posix_says)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
