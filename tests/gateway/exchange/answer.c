#include "gateway/exchange/answer.h"

#include "base/buf.h"

#include "tests/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CEILING = 4 * 1024 * 1024 };

static struct arena *arena;

/* A change, as both generations name its task. */
static const struct config_route route = {.dialects = {{.task = "taskId"}, {.task = "RequestId"}}};

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

/* ---- what an answer means: the vendor's table of codes, and what each is to a caller ---- */

/* What became of a change. */
enum fate { NOTHING, DONE, NOBODY_KNOWS };

/* clang-format off */
static const struct {
    const char *bytes;
    enum problem problem;
    enum fate fate;
} meanings[] = {
    {"{\"code\":0,\"message\":\"\",\"taskId\":135254}", PROBLEM_NONE, DONE}, /* the vendor's sample */
    {"{\"code\":\"0\",\"message\":\"\"}", PROBLEM_NONE, DONE},
    {"{\"code\":0,\"message\":\"success\",\"codeDesc\":\"Success\"}", PROBLEM_NONE, DONE},
    {" \t\r\n{ \"code\" : 0 } \n", PROBLEM_NONE, DONE},
    {"{\"code\":4000,\"message\":\"(-160004)\"}", PROBLEM_UPSTREAM_REJECTED_PARAMETER, NOTHING},
    {"{\"code\":4100}", PROBLEM_UPSTREAM_CREDENTIAL, NOTHING},
    {"{\"code\":\"4100\"}", PROBLEM_UPSTREAM_CREDENTIAL, NOTHING},
    {"{\"code\":4101}", PROBLEM_UPSTREAM_CREDENTIAL, NOTHING},
    {"{\"code\":4102}", PROBLEM_UPSTREAM_CREDENTIAL, NOTHING},
    {"{\"code\":4103}", PROBLEM_UPSTREAM_CREDENTIAL, NOTHING},
    {"{\"code\":4104}", PROBLEM_UPSTREAM_CREDENTIAL, NOTHING},
    {"{\"code\":4105}", PROBLEM_UPSTREAM_CREDENTIAL, NOTHING},
    {"{\"code\":4106}", PROBLEM_UPSTREAM_CREDENTIAL, NOTHING},
    {"{\"code\":4110}", PROBLEM_UPSTREAM_CREDENTIAL, NOTHING},
    {"{\"code\":4200}", PROBLEM_UPSTREAM_CREDENTIAL, NOTHING},
    {"{\"code\":4300}", PROBLEM_UPSTREAM_CREDENTIAL, NOTHING},
    {"{\"code\":4400}", PROBLEM_UPSTREAM_THROTTLED, NOTHING},
    {"{\"code\":4500}", PROBLEM_UPSTREAM_CLOCK, NOTHING},
    {"{\"code\":4600}", PROBLEM_UPSTREAM_CREDENTIAL, NOTHING},
    {"{\"code\":5000}", PROBLEM_NOT_FOUND, NOTHING},
    {"{\"code\":5100,\"message\":\"(100004)projectIdIncorrect\"}", PROBLEM_UPSTREAM_FAILED, NOTHING},
    {"{\"code\":5200}", PROBLEM_UPSTREAM_FAILED, NOTHING},
    {"{\"code\":5300}", PROBLEM_UPSTREAM_FAILED, NOTHING},
    {"{\"code\":5400}", PROBLEM_PARTIAL, DONE},
    {"{\"code\":5500}", PROBLEM_UPSTREAM_FAILED, NOTHING},
    {"{\"code\":6000}", PROBLEM_UPSTREAM_FAILED, NOBODY_KNOWS},
    {"{\"code\":6100}", PROBLEM_UPSTREAM_FAILED, NOTHING},
    {"{\"code\":6200}", PROBLEM_UPSTREAM_MAINTENANCE, NOTHING},
    /* not in the table: nothing may be claimed */
    {"{\"code\":1}", PROBLEM_UPSTREAM_FAILED, NOBODY_KNOWS},
    {"{\"code\":-1}", PROBLEM_UPSTREAM_FAILED, NOBODY_KNOWS},
    {"{\"code\":3999}", PROBLEM_UPSTREAM_FAILED, NOBODY_KNOWS},
    {"{\"code\":4999}", PROBLEM_UPSTREAM_FAILED, NOBODY_KNOWS},
    {"{\"code\":5150}", PROBLEM_UPSTREAM_FAILED, NOBODY_KNOWS},
    {"{\"code\":5250}", PROBLEM_UPSTREAM_FAILED, NOBODY_KNOWS},
    {"{\"code\":9223372036854775807}", PROBLEM_UPSTREAM_FAILED, NOBODY_KNOWS},
    {"{\"code\":-9223372036854775808}", PROBLEM_UPSTREAM_FAILED, NOBODY_KNOWS},
    /* codeDesc decides where it is known, whatever number comes with it */
    {"{\"code\":5000,\"codeDesc\":\"InvalidVpc.NotFound\"}", PROBLEM_NOT_FOUND, NOTHING},
    {"{\"code\":5100,\"codeDesc\":\"InvalidVpc.NotFound\"}", PROBLEM_NOT_FOUND, NOTHING},
    {"{\"code\":7,\"codeDesc\":\"InvalidInstance.NotFound\"}", PROBLEM_NOT_FOUND, NOTHING},
    {"{\"code\":4000,\"codeDesc\":\"InvalidLanIp.NotFound\"}", PROBLEM_NOT_FOUND, NOTHING},
    {"{\"code\":5100,\"codeDesc\":\"InstanceAlreadyLinked\"}", PROBLEM_CONFLICT, NOTHING},
    {"{\"code\":4400,\"codeDesc\":\"InstanceLimitExceeded\"}", PROBLEM_CONFLICT, NOTHING},
    {"{\"code\":5000,\"codeDesc\":\"AuthFailure\"}", PROBLEM_UPSTREAM_CREDENTIAL, NOTHING},
    {"{\"code\":4000,\"codeDesc\":\"KubeResourceNotFound\"}", PROBLEM_UPSTREAM_REJECTED_PARAMETER, NOTHING},
    {"{\"code\":5000,\"codeDesc\":\"\"}", PROBLEM_NOT_FOUND, NOTHING},
    {"{\"code\":4400,\"codeDesc\":5000}", PROBLEM_UPSTREAM_THROTTLED, NOTHING},
    {"{\"code\":4400,\"codeDesc\":null}", PROBLEM_UPSTREAM_THROTTLED, NOTHING},
    {"{\"code\":4400,\"codeDesc\":{\"a\":1}}", PROBLEM_UPSTREAM_THROTTLED, NOTHING},
    {"{\"code\":\"InvalidVpc.NotFound\"}", PROBLEM_NOT_FOUND, NOTHING},
    {"{\"code\":\"InstanceAlreadyLinked\",\"message\":\"x\"}", PROBLEM_CONFLICT, NOTHING},
    {"{\"code\":\"Something.Else\"}", PROBLEM_UPSTREAM_FAILED, NOBODY_KNOWS},
};
/* clang-format on */

/* The error names of API 3.0: the vendor's page of common errors and those that its clients list for the VPC
 * actions. AuthFailure.SignatureExpire is its word for 4500, RequestLimitExceeded for 4400. */
/* clang-format off */
static const struct {
    const char *name;
    enum problem problem;
    enum fate fate;
} names[] = {
    {"AuthFailure.SignatureFailure", PROBLEM_UPSTREAM_CREDENTIAL, NOTHING},
    {"AuthFailure.SignatureExpire", PROBLEM_UPSTREAM_CLOCK, NOTHING},
    {"AuthFailure.SecretIdNotFound", PROBLEM_UPSTREAM_CREDENTIAL, NOTHING},
    {"AuthFailure.InvalidSecretId", PROBLEM_UPSTREAM_CREDENTIAL, NOTHING},
    {"AuthFailure.InvalidAuthorization", PROBLEM_UPSTREAM_CREDENTIAL, NOTHING},
    {"AuthFailure.TokenFailure", PROBLEM_UPSTREAM_CREDENTIAL, NOTHING},
    {"AuthFailure.MFAFailure", PROBLEM_UPSTREAM_CREDENTIAL, NOTHING},
    {"AuthFailure.UnauthorizedOperation", PROBLEM_UPSTREAM_CREDENTIAL, NOTHING},
    {"AuthFailure", PROBLEM_UPSTREAM_CREDENTIAL, NOTHING},
    {"UnauthorizedOperation", PROBLEM_UPSTREAM_CREDENTIAL, NOTHING},
    {"IpInBlacklist", PROBLEM_UPSTREAM_CREDENTIAL, NOTHING},
    {"UnsupportedProtocol", PROBLEM_UPSTREAM_CREDENTIAL, NOTHING},
    {"RequestLimitExceeded", PROBLEM_UPSTREAM_THROTTLED, NOTHING},
    {"RequestLimitExceeded.IPLimitExceeded", PROBLEM_UPSTREAM_THROTTLED, NOTHING},
    {"RequestLimitExceeded.UinLimitExceeded", PROBLEM_UPSTREAM_THROTTLED, NOTHING},
    {"RequestLimitExceeded.GlobalRegionUinLimitExceeded", PROBLEM_UPSTREAM_THROTTLED, NOTHING},
    {"ResourceNotFound", PROBLEM_NOT_FOUND, NOTHING},
    {"InvalidParameter", PROBLEM_UPSTREAM_REJECTED_PARAMETER, NOTHING},
    {"InvalidParameter.FilterValuesNotList", PROBLEM_UPSTREAM_REJECTED_PARAMETER, NOTHING},
    {"InvalidParameterValue", PROBLEM_UPSTREAM_REJECTED_PARAMETER, NOTHING},
    {"InvalidParameterValue.LimitExceeded", PROBLEM_UPSTREAM_REJECTED_PARAMETER, NOTHING},
    {"InvalidParameterValue.Malformed", PROBLEM_UPSTREAM_REJECTED_PARAMETER, NOTHING},
    {"MissingParameter", PROBLEM_UPSTREAM_REJECTED_PARAMETER, NOTHING},
    {"UnknownParameter", PROBLEM_UPSTREAM_REJECTED_PARAMETER, NOTHING},
    {"UnsupportedRegion", PROBLEM_UPSTREAM_REJECTED_PARAMETER, NOTHING},
    {"RequestSizeLimitExceeded", PROBLEM_UPSTREAM_REJECTED_PARAMETER, NOTHING},
    {"LimitExceeded", PROBLEM_CONFLICT, NOTHING},
    {"UnsupportedOperation", PROBLEM_CONFLICT, NOTHING},
    {"UnsupportedOperation.ClassicInstanceIdAlreadyExists", PROBLEM_CONFLICT, NOTHING},
    {"InvalidAction", PROBLEM_UPSTREAM_FAILED, NOTHING},
    {"NoSuchVersion", PROBLEM_UPSTREAM_FAILED, NOTHING},
    {"NoSuchProduct", PROBLEM_UPSTREAM_FAILED, NOTHING},
    {"ActionOffline", PROBLEM_UPSTREAM_FAILED, NOTHING},
    {"InternalError", PROBLEM_UPSTREAM_FAILED, NOBODY_KNOWS},
    {"InternalError.ModuleError", PROBLEM_UPSTREAM_FAILED, NOBODY_KNOWS},
    {"Something.NeverSeen", PROBLEM_UPSTREAM_FAILED, NOBODY_KNOWS},
};
/* clang-format on */

static enum fate fate_of(struct answer_meaning meaning)
{
    return meaning.executed_unknown ? NOBODY_KNOWS : meaning.executed ? DONE : NOTHING;
}

static void meaning_table(void **state)
{
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(meanings); i++) {
        struct answer answer = {0};
        struct err err = {0};
        int result = answer_read(meanings[i].bytes, strlen(meanings[i].bytes), &route, CONFIG_API2, arena,
                                 &answer, &err);
        wrong += unit_wrong(meanings[i].bytes, result == 0);
        if (result != 0)
            continue;
        struct answer_meaning meaning = answer_meaning(&answer);
        wrong += unit_wrong(meanings[i].bytes, meaning.problem == meanings[i].problem);
        wrong += unit_wrong(meanings[i].bytes, fate_of(meaning) == meanings[i].fate);
        assert_ptr_equal(answer.bytes, meanings[i].bytes); /* the very bytes go on to the caller */
        assert_int_equal(answer.length, strlen(meanings[i].bytes));
    }
    assert_int_equal(wrong, 0);
}

/* ---- what is no answer ---- */

static void what_makes_no_sense(void **state)
{
    static const char *const rows[] = {
        "",
        " ",
        "null",
        "true",
        "0",
        "\"code\"",
        "[]",
        "[{\"code\":0}]",
        "{",
        "}",
        "{}",
        "{\"code\":0",
        "{\"code\":0}x",
        "{\"code\":0}{\"code\":0}",
        "{\"code\":0,}",
        "{code:0}",
        "{'code':0}",
        "{\"code\":}",
        "{\"code\":null}",
        "{\"code\":true}",
        "{\"code\":false}",
        "{\"code\":[]}",
        "{\"code\":{}}",
        "{\"code\":0.0}",
        "{\"code\":1e3}",
        "{\"code\":\"\"}",
        "{\"code\":1e400}",
        "{\"code\":01}",
        "{\"code\":+1}",
        "{\"code\":0x0}",
        "{\"code\":NaN}",
        "{\"code\":9223372036854775808}",
        "{\"Code\":0}",
        "{\"message\":\"\"}",
        "{\"code\":0,\"code\":4100}",
        "{\"code\":4100,\"code\":0}",
        "{\"code\":0,\"a\":{\"b\":1,\"b\":2}}",
        "{\"code\":0,\"a\":\"\xFF\"}",
        "{\"code\":0,\"a\":\"\xC0\xAF\"}",
        "{\"code\":0,\"a\":\"\\ud800\"}",
        "{\"code\":0,\"a\":\"\\u0000\"}",
        "{\"code\":0,\"a\":\"\n\"}",
        "{\"code\":0,\"taskId\":9223372036854775808}",
        "\xEF\xBB\xBF{\"code\":0}",
        "<html>502 Bad Gateway</html>",
        "{\"code\":0}//",
        "{\"Response\":{\"Error\":{}}}",
    };
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct answer answer = {.code = 77};
        struct err err = {0};
        wrong += unit_wrong(
            rows[i], answer_read(rows[i], strlen(rows[i]), &route, CONFIG_API2, arena, &answer, &err) == -1);
        wrong += unit_wrong(rows[i], answer.code == 77 && err.kind == ERR_INPUT); /* nothing half written */
    }
    assert_int_equal(wrong, 0);
}

static void names_of_api3(void **state)
{
    char text[256];
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        struct answer answer = {0};
        struct err err = {0};
        int length =
            snprintf(text, sizeof text,
                     "{\"Response\":{\"Error\":{\"Code\":\"%s\",\"Message\":\"m\"},\"RequestId\":\"r-1\"}}",
                     names[i].name);
        assert_int_equal(answer_read(text, (size_t)length, &route, CONFIG_API3, arena, &answer, &err), 0);
        struct answer_meaning meaning = answer_meaning(&answer);
        wrong += unit_wrong(names[i].name, meaning.problem == names[i].problem) +
                 unit_wrong(names[i].name, fate_of(meaning) == names[i].fate) +
                 unit_differs(names[i].name, names[i].name, answer.code_desc) +
                 unit_differs(names[i].name, "m", answer.message) +
                 unit_differs(names[i].name, "r-1", answer.request_id);
    }
    assert_int_equal(wrong, 0);
}

static void good_answers_of_api3(void **state)
{
    static const char text[] = "{\"Response\":{\"RequestId\":\"1e2c8a6b-7a49-4d4f-9ad4-0e8a3e5b6c7d\"}}";
    struct answer answer = {0};
    struct err err = {0};
    (void)state;
    assert_int_equal(answer_read(text, sizeof text - 1, &route, CONFIG_API3, arena, &answer, &err), 0);
    assert_int_equal(answer_meaning(&answer).problem, PROBLEM_NONE);
    assert_true(answer_meaning(&answer).executed);
    assert_string_equal(answer.task, "1e2c8a6b-7a49-4d4f-9ad4-0e8a3e5b6c7d");
}

static void no_answers_of_api3(void **state)
{
    static const char *const rows[] = {
        "{}",
        "{\"code\":0}",
        "{\"Response\":[]}",
        "{\"Response\":null}",
        "{\"Response\":{\"Error\":{}}}",
        "{\"Response\":{\"Error\":{\"Code\":\"\"}}}",
        "{\"Response\":{\"Error\":{\"Code\":7}}}",
        "{\"Response\":{\"Error\":null}}",
        "{\"Response\":{},\"Response\":{}}",
        "[{\"Response\":{}}]",
    };
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct answer answer = {.code = 77};
        struct err err = {0};
        wrong += unit_wrong(
            rows[i], answer_read(rows[i], strlen(rows[i]), &route, CONFIG_API3, arena, &answer, &err) == -1);
        wrong += unit_wrong(rows[i], answer.code == 77 && err.kind == ERR_INPUT);
    }
    assert_int_equal(wrong, 0);
}

/* Bytes behind a NUL are bytes, too. */
static void nul_is_no_end(void **state)
{
    struct answer answer;
    struct err err = {0};
    (void)state;
    assert_int_equal(answer_read("{\"code\":0}\0x", 12, &route, CONFIG_API2, arena, &answer, &err), -1);
    err_clear(&err);
    assert_int_equal(answer_read("{\"code\":0}garbage", 10, &route, CONFIG_API2, arena, &answer, &err), 0);
}

static int read_nested(size_t levels, size_t closed)
{
    struct answer answer;
    struct err err = {0};
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    (void)fputs("{\"code\":0,\"a\":", out);
    for (size_t i = 1; i < levels; i++)
        (void)fputc('[', out);
    for (size_t i = 1; i < closed; i++)
        (void)fputc(']', out);
    (void)fputc('}', out);
    (void)fclose(out);
    int result = answer_read(text, size, &route, CONFIG_API2, arena, &answer, &err);
    free(text);
    return result;
}

static void depth_is_bounded(void **state)
{
    (void)state;
    assert_int_equal(read_nested(ANSWER_DEPTH_MAX, ANSWER_DEPTH_MAX), 0);
    assert_int_equal(read_nested(ANSWER_DEPTH_MAX + 1, ANSWER_DEPTH_MAX + 1), -1);
    assert_int_equal(read_nested(1000 * 1000, 1), -1);
    assert_int_equal(read_nested(1000 * 1000, 1000 * 1000), -1);
}

/* ---- the parts that are told on ---- */

static struct answer read_good(const char *text)
{
    struct answer answer = {0};
    struct err err = {0};
    if (answer_read(text, strlen(text), &route, CONFIG_API2, arena, &answer, &err) != 0)
        fail_msg("%s: %s", text, err.text);
    return answer;
}

/* It becomes part of a Location: a name, or a number that is none below zero. */
static void tasks(void **state)
{
    /* clang-format off */
    static const struct {
        const char *text, *task;
    } rows[] = {
        {"{\"code\":0,\"taskId\":135254}", "135254"},
        {"{\"code\":0,\"taskId\":\"135254\"}", "135254"},
        {"{\"code\":0,\"taskId\":0}", "0"},
        {"{\"code\":0,\"taskId\":9223372036854775807}", "9223372036854775807"},
        {"{\"code\":0,\"taskId\":\"task-1.a_b\"}", "task-1.a_b"},
        {"{\"code\":0}", NULL},
        {"{\"code\":0,\"taskId\":null}", NULL},
        {"{\"code\":0,\"taskId\":-1}", NULL},
        {"{\"code\":0,\"taskId\":1.5}", NULL},
        {"{\"code\":0,\"taskId\":true}", NULL},
        {"{\"code\":0,\"taskId\":[1]}", NULL},
        {"{\"code\":0,\"taskId\":\"\"}", NULL},
        {"{\"code\":0,\"taskId\":\"a/b\"}", NULL},
        {"{\"code\":0,\"taskId\":\"..\"}", NULL},
        {"{\"code\":0,\"taskId\":\"a\\r\\nSet-Cookie: b\"}", NULL},
        {"{\"code\":0,\"taskId\":\"a b\"}", NULL},
        {"{\"code\":0,\"taskId\":\"a?b\"}", NULL},
        {"{\"code\":0,\"taskId\":\"\\u00e9\"}", NULL},
        {"{\"code\":0,\"taskId\":\"01234567890123456789012345678901234567890123456789012345678901234\"}",
         NULL},
        {"{\"code\":0,\"data\":{\"taskId\":1}}", NULL},
    };
    /* clang-format on */
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        wrong += unit_differs(rows[i].text, rows[i].task, read_good(rows[i].text).task);
    assert_int_equal(wrong, 0);
}

static void texts_and_detail(void **state)
{
    (void)state;
    struct answer answer = read_good("{\"code\":5400,\"message\":\"\\u8eab\\u4efd\",\"codeDesc\":\"X\","
                                     "\"detail\":{\"ins-1\":{\"code\":0}}}");
    assert_string_equal(answer.message, "\xE8\xBA\xAB\xE4\xBB\xBD");
    assert_string_equal(answer.code_desc, "X");
    assert_string_equal(answer.detail, "{\"ins-1\":{\"code\":0}}");
    answer = read_good("{\"code\":\"0005400\",\"message\":7,\"codeDesc\":[]}");
    assert_int_equal(answer.code, 5400);
    assert_null(answer.message);
    assert_null(answer.code_desc);
    assert_null(answer.detail);
}

/* Not told on whole, and cut between two characters. */
static void endless_texts_are_cut(void **state)
{
    struct buf text;
    (void)state;
    buf_init(&text, CEILING);
    buf_put(&text, "{\"code\":4000,\"message\":\"a");
    for (int i = 0; i < 800; i++)
        buf_put(&text, "\xE6\x97\xA5");
    buf_put(&text, "\"}");
    struct answer answer = read_good(buf_text(&text));
    assert_true(strlen(answer.message) <= ANSWER_TEXT_MAX);
    assert_true(strlen(answer.message) > ANSWER_TEXT_MAX - 4);
    assert_int_equal((strlen(answer.message) - 1) % 3, 0);
    buf_done(&text);
}

int main(void)
{
    /* clang-format off */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(meaning_table),
        cmocka_unit_test(names_of_api3),
        cmocka_unit_test(good_answers_of_api3),
        cmocka_unit_test(no_answers_of_api3),
        cmocka_unit_test(what_makes_no_sense),
        cmocka_unit_test(nul_is_no_end),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(tasks),
        cmocka_unit_test(texts_and_detail),
        cmocka_unit_test(endless_texts_are_cut),
    };
    /* clang-format on */
    return cmocka_run_group_tests(tests, enter, leave);
}
