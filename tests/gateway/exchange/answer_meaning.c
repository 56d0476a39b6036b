/* tests/vectors/answer/codes.tsv has the error codes that the vendor documents, and what each is to a
 * caller. */
#include "gateway/exchange/answer_meaning.h"

#include "tests/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CODE_MAX = 128 };

static int differs(const char *name, struct answer_meaning got, struct answer_meaning expected)
{
    return unit_wrong(name, got.problem == expected.problem && got.outcome == expected.outcome &&
                                got.cause == expected.cause);
}

static const char *fate_of(const struct answer_meaning *meaning)
{
    return exchange_outcome_name(meaning->outcome);
}

/* As a name of API 3.0, and beside a number of 2.0, which then says nothing. */
static int check_code(const char *code, const char *problem, const char *fate)
{
    int wrong = 0;
    for (int named = 0; named < 2; named++) {
        const struct answer answer = {.named = named != 0, .code = named ? -1 : 5400, .code_desc = code};
        bool known = strcmp(fate, "unknown") != 0 || strncmp(code, "Internal", 8) == 0;
        struct answer_meaning meaning = answer_meaning(&answer);
        if (!named && !known)
            continue; /* there the number decides */
        wrong += unit_differs(code, problem, problem_kind(meaning.problem)->name);
        wrong += unit_differs(code, fate, fate_of(&meaning));
    }
    return wrong;
}

/* "A B.C", or "Family: - A B" */
static int check_codes(char *codes, const char *problem, const char *fate, size_t *count)
{
    int wrong = 0;
    char *colon = strstr(codes, ": ");
    const char *family = colon == NULL ? "" : codes;
    if (colon != NULL)
        *colon = '\0';
    char *rest = colon == NULL ? codes : colon + 2;
    for (char *word; (word = strsep(&rest, " ")) != NULL; (*count)++) {
        char code[CODE_MAX];
        const char *dot = family[0] == '\0' || strcmp(word, "-") == 0 ? "" : ".";
        int length = snprintf(code, sizeof code, "%s%s%s", family, dot, strcmp(word, "-") == 0 ? "" : word);
        assert_in_range(length, 1, CODE_MAX - 1);
        wrong += check_code(code, problem, fate);
    }
    return wrong;
}

static void every_documented_code(void **state)
{
    int wrong = 0;
    size_t count = 0;
    char *text = unit_vector("answer", "codes.tsv");
    char *rest = text;
    (void)state;
    assert_non_null(text);
    for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
        char *problem = strsep(&line, "\t");
        char *fate = strsep(&line, "\t");
        if (line == NULL)
            fail_msg("a row has three columns: %s", problem);
        wrong += check_codes(line, problem, fate, &count);
    }
    free(text);
    assert_int_equal(wrong, 0);
    assert_true(count > 700);
}

/* Only what another key of ours could cure is tried with it. */
static void another_credential(void **state)
{
    /* clang-format off */
    static const struct {
        const char *code;
        bool other;
    } rows[] = {
        {"AuthFailure", true}, {"AuthFailure.SignatureFailure", true}, {"AuthFailure.SecretIdNotFound", true},
        {"AuthFailure.InvalidSecretId", true}, {"InvalidParameter.SignatureFailure", true},
        {"AuthFailure.TokenFailure", false}, {"AuthFailure.MFAFailure", false},
        {"AuthFailure.UnauthorizedOperation", false}, {"UnauthorizedOperation", false},
        {"IpInBlacklist", false},
        {"InvalidPermission", false}, {"InvalidRequest.TokenCheckFailed", false}, {"ResourceNotFound", false},
    };
    /* clang-format on */
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct answer answer = {.named = true, .code = -1, .code_desc = rows[i].code};
        assert_int_equal(answer_meaning(&answer).cause == RETRY_CREDENTIAL, rows[i].other);
    }
}

/* RFC 9110 section 15, RFC 6585: what each says about a request that did, or did not, reach the cloud. */
static void other_statuses(void **state)
{
    static const struct {
        int least, most;
        struct answer_meaning meaning;
    } rows[] = {
        {201, 412, {PROBLEM_UPSTREAM_INVALID_ANSWER, OUTCOME_UNKNOWN, RETRY_NEVER}},
        {413, 414, {PROBLEM_UPSTREAM_REJECTED_PARAMETER, OUTCOME_NOT_EXECUTED, RETRY_NEVER}},
        {415, 428, {PROBLEM_UPSTREAM_INVALID_ANSWER, OUTCOME_UNKNOWN, RETRY_NEVER}},
        {429, 429, {PROBLEM_UPSTREAM_THROTTLED, OUTCOME_NOT_EXECUTED, RETRY_THROTTLED}},
        {430, 430, {PROBLEM_UPSTREAM_INVALID_ANSWER, OUTCOME_UNKNOWN, RETRY_NEVER}},
        {431, 431, {PROBLEM_UPSTREAM_REJECTED_PARAMETER, OUTCOME_NOT_EXECUTED, RETRY_NEVER}},
        {432, 501, {PROBLEM_UPSTREAM_INVALID_ANSWER, OUTCOME_UNKNOWN, RETRY_NEVER}},
        {502, 504, {PROBLEM_UPSTREAM_INVALID_ANSWER, OUTCOME_UNKNOWN, RETRY_GATEWAY}},
        {505, 599, {PROBLEM_UPSTREAM_INVALID_ANSWER, OUTCOME_UNKNOWN, RETRY_NEVER}},
    };
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        for (int status = rows[i].least; status <= rows[i].most; status++) {
            char name[32];
            (void)snprintf(name, sizeof name, "HTTP %d", status);
            wrong += differs(name, answer_meaning_of_status(status), rows[i].meaning);
        }
    assert_int_equal(wrong, 0);
}

/* docs/answers.md, "What is tried again". */
static void ends_without_an_answer(void **state)
{
    static const struct {
        const char *name;
        enum upstream_health_end end;
        struct answer_meaning meaning;
    } rows[] = {
        {"memory", UPSTREAM_HEALTH_FAILED, {PROBLEM_INTERNAL, OUTCOME_NOT_EXECUTED, RETRY_NEVER}},
        {"no connection",
         UPSTREAM_HEALTH_NOT_SENT,
         {PROBLEM_UPSTREAM_UNREACHABLE, OUTCOME_NOT_EXECUTED, RETRY_NOT_SENT}},
        {"broken", UPSTREAM_HEALTH_LOST, {PROBLEM_UPSTREAM_TIMEOUT, OUTCOME_UNKNOWN, RETRY_LOST}},
        {"late", UPSTREAM_HEALTH_LATE, {PROBLEM_UPSTREAM_TIMEOUT, OUTCOME_UNKNOWN, RETRY_LOST}},
        {"too large",
         UPSTREAM_HEALTH_TOO_LARGE,
         {PROBLEM_UPSTREAM_INVALID_ANSWER, OUTCOME_UNKNOWN, RETRY_NEVER}},
    };
    int wrong = 0;
    (void)state;
    assert_int_equal(COUNT(rows), UPSTREAM_HEALTH_ENDS - 1); /* all but an answer */
    for (size_t i = 0; i < COUNT(rows); i++)
        wrong += differs(rows[i].name, answer_meaning_of_end(rows[i].end), rows[i].meaning);
    assert_int_equal(wrong, 0);
}

/* Of codes: only a refusal that another attempt may not meet. */
static void codes_that_may_go_again(void **state)
{
    static const struct {
        int code;
        enum retry_cause cause;
    } rows[] = {
        {0, RETRY_NEVER},    {4000, RETRY_NEVER},     {4100, RETRY_CREDENTIAL}, {4104, RETRY_CREDENTIAL},
        {4105, RETRY_NEVER}, {4400, RETRY_THROTTLED}, {4500, RETRY_CLOCK},      {5100, RETRY_NEVER},
        {5400, RETRY_NEVER}, {6000, RETRY_NEVER},     {6200, RETRY_NEVER},      {9999, RETRY_NEVER},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct answer answer = {.code = rows[i].code};
        assert_int_equal(answer_meaning(&answer).cause, rows[i].cause);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_documented_code),   cmocka_unit_test(another_credential),
        cmocka_unit_test(other_statuses),          cmocka_unit_test(ends_without_an_answer),
        cmocka_unit_test(codes_that_may_go_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
