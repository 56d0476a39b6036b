/* tests/vectors/answer/codes.tsv has the error codes that the vendor documents, and what each is to a
 * caller. */
#include "gateway/exchange/answer_meaning.h"

#include "tests/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CODE_MAX = 128 };

static const char *fate_of(const struct answer_meaning *meaning)
{
    return meaning->executed_unknown ? "unknown" : meaning->executed ? "executed" : "not-executed";
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
        assert_int_equal(answer_meaning(&answer).other_credential, rows[i].other);
    }
}

/* RFC 9110 section 15, RFC 6585: what each says about a request that did, or did not, reach the cloud. */
static void other_statuses(void **state)
{
    /* clang-format off */
    static const struct {
        int status;
        enum problem problem;
        bool unknown, elsewhere;
    } rows[] = {
        {201, PROBLEM_UPSTREAM_INVALID_ANSWER, true, false},
        {204, PROBLEM_UPSTREAM_INVALID_ANSWER, true, false},
        {302, PROBLEM_UPSTREAM_INVALID_ANSWER, true, false},
        {304, PROBLEM_UPSTREAM_INVALID_ANSWER, true, false},
        {400, PROBLEM_UPSTREAM_INVALID_ANSWER, true, false},
        {403, PROBLEM_UPSTREAM_INVALID_ANSWER, true, false},
        {404, PROBLEM_UPSTREAM_INVALID_ANSWER, true, false},
        {408, PROBLEM_UPSTREAM_INVALID_ANSWER, true, false},
        {413, PROBLEM_UPSTREAM_REJECTED_PARAMETER, false, false},
        {414, PROBLEM_UPSTREAM_REJECTED_PARAMETER, false, false},
        {429, PROBLEM_UPSTREAM_THROTTLED, false, false},
        {431, PROBLEM_UPSTREAM_REJECTED_PARAMETER, false, false},
        {500, PROBLEM_UPSTREAM_INVALID_ANSWER, true, false},
        {501, PROBLEM_UPSTREAM_INVALID_ANSWER, true, false},
        {502, PROBLEM_UPSTREAM_INVALID_ANSWER, true, true},
        {503, PROBLEM_UPSTREAM_INVALID_ANSWER, true, true},
        {504, PROBLEM_UPSTREAM_INVALID_ANSWER, true, true},
    };
    /* clang-format on */
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct answer_meaning meaning = answer_meaning_of_status(rows[i].status);
        assert_int_equal(meaning.problem, rows[i].problem);
        assert_int_equal(meaning.executed_unknown, rows[i].unknown);
        assert_int_equal(meaning.elsewhere, rows[i].elsewhere);
        assert_false(meaning.executed || meaning.other_credential);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_documented_code),
        cmocka_unit_test(another_credential),
        cmocka_unit_test(other_statuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
