#include "gateway/exchange/answer_meaning.h"

#include "base/buf.h"

#include "tests/unit.h"

#include <limits.h>
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
    {"{\"code\":\"9223372036854775807\"}", PROBLEM_UPSTREAM_FAILED, NOBODY_KNOWS}, /* a name of digits */
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

static enum fate fate_of(struct answer_meaning meaning)
{
    return meaning.outcome == OUTCOME_UNKNOWN    ? NOBODY_KNOWS
           : meaning.outcome == OUTCOME_EXECUTED ? DONE
                                                 : NOTHING;
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
        "{\"code\":0,\"a\":\"\xFF\"}",
        "{\"code\":0,\"a\":\"\xC0\xAF\"}",
        "{\"code\":0,\"a\":\"\n\"}",
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

/* What the gateway only carries may be anything that JSON can be; the bytes are the cloud's. */
static void what_is_only_carried(void **state)
{
    /* clang-format off */
    static const struct {
        int api;
        const char *bytes;
    } rows[] = {
        {CONFIG_API2, "{\"code\":0,\"a\":{\"b\":1,\"b\":2}}"},
        {CONFIG_API2, "{\"code\":0,\"a\":1,\"a\":2}"},
        {CONFIG_API2, "{\"code\":0,\"a\":{\"code\":1,\"code\":2}}"},
        {CONFIG_API2, "{\"code\":0,\"a\":\"\\ud800\"}"},
        {CONFIG_API2, "{\"code\":0,\"a\":\"\\u0000\"}"},
        {CONFIG_API2, "{\"code\":0,\"\\u0000\":\"\\ude00\\ud83d\"}"},
        {CONFIG_API2, "{\"code\":0,\"message\":\"\\ud83d\"}"},
        {CONFIG_API2, "{\"code\":0,\"taskId\":9223372036854775808}"},
        {CONFIG_API2, "{\"code\":0,\"a\":[18446744073709551615,1e400,0.1,-0,-0.0,1E-7]}"},
        {CONFIG_API2, "{\"code\":-0}"},
        {CONFIG_API2, "{\"c\\u006fde\":0}"},
        {CONFIG_API3, "{\"Response\":{\"Error\":null}}"},
        {CONFIG_API3, "{\"Response\":{\"A\":1,\"A\":2,\"code\":1,\"code\":2},\"a\":1,\"a\":2}"},
        {CONFIG_API3, "{\"Response\":{\"A\":{\"Error\":1,\"Error\":2}}}"},
    };
    /* clang-format on */
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct answer answer = {0};
        struct err err = {0};
        wrong += unit_wrong(rows[i].bytes, answer_read(rows[i].bytes, strlen(rows[i].bytes), &route,
                                                       rows[i].api, arena, &answer, &err) == 0);
        wrong += unit_wrong(rows[i].bytes, answer_is_good(&answer) && answer.bytes == rows[i].bytes);
    }
    assert_int_equal(wrong, 0);
}

/* A list of a task, with all that the catalog can say. */
static const struct config_rename rename_one = {.from = "ThingSet", .to = "things"};
static const struct config_route whole = {
    .list = "data",
    .total = "totalCount",
    .task = "taskId",
    .single = "things",
    .dialects = {{.list = "data", .total = "totalCount", .task = "taskId", .status = {.from = "data.status"}},
                 {.list = "Set",
                  .total = "TotalCount",
                  .task = "RequestId",
                  .status = {.from = "Status"},
                  .renames = (struct config_rename *)(uintptr_t)&rename_one,
                  .rename_count = 1}}};

/* Of what the gateway decides by there is one, however its key is written; the refusal names it. */
static void what_is_wrong_is_told(void **state)
{
    /* clang-format off */
    static const struct {
        int api;
        const char *bytes, *told;
    } rows[] = {
        {CONFIG_API2, "{\"code\":0,\"code\":5100}", "`code` twice"},
        {CONFIG_API2, "{\"code\":0,\"c\\u006fde\":5100}", "`code` twice"},
        {CONFIG_API2, "{\"code\":0,\"codeDesc\":1,\"codeDesc\":2}", "`codeDesc` twice"},
        {CONFIG_API2, "{\"code\":0,\"message\":1,\"message\":2}", "`message` twice"},
        {CONFIG_API2, "{\"code\":1,\"detail\":1,\"detail\":2}", "`detail` twice"},
        {CONFIG_API2, "{\"code\":0,\"data\":1,\"data\":2}", "`data` twice"},
        {CONFIG_API2, "{\"code\":0,\"totalCount\":1,\"totalCount\":2}", "`totalCount` twice"},
        {CONFIG_API2, "{\"code\":0,\"taskId\":1,\"taskId\":2}", "`taskId` twice"},
        {CONFIG_API2, "{\"code\":0,\"things\":1,\"things\":2}", "`things` twice"},
        {CONFIG_API2, "{\"code\":0,\"data\":{\"status\":1,\"status\":2}}", "`status` twice"},
        {CONFIG_API3, "{\"Response\":{},\"Response\":{}}", "`Response` twice"},
        {CONFIG_API3, "{\"Response\":{\"Error\":null,\"Error\":{}}}", "`Error` twice"},
        {CONFIG_API3, "{\"Response\":{\"Error\":{\"Code\":\"X\",\"Code\":\"Y\"}}}", "`Code` twice"},
        {CONFIG_API3, "{\"Response\":{\"Error\":{\"Code\":\"X\",\"Message\":1,\"Message\":2}}}",
         "`Message` twice"},
        {CONFIG_API3, "{\"Response\":{\"RequestId\":1,\"RequestId\":2}}", "`RequestId` twice"},
        {CONFIG_API3, "{\"Response\":{\"Set\":1,\"Set\":2}}", "`Set` twice"},
        {CONFIG_API3, "{\"Response\":{\"TotalCount\":1,\"TotalCount\":2}}", "`TotalCount` twice"},
        {CONFIG_API3, "{\"Response\":{\"ThingSet\":1,\"ThingSet\":2}}", "`ThingSet` twice"},
        {CONFIG_API3, "{\"Response\":{\"Status\":1,\"Status\":2}}", "`Status` twice"},
        {CONFIG_API2, "", "is empty"},
        {CONFIG_API2, " \n", "is empty"},
        {CONFIG_API2, " <html>blocked</html>", "is an HTML page of 21 bytes"},
        {CONFIG_API3, "<?xml version=\"1.0\"?><Error/>", "is an XML document of 29 bytes"},
        {CONFIG_API2, "\x1F\x8B\x08", "is compressed by gzip, which it was not asked for"},
        {CONFIG_API2, "{\"code\":0,}",
         "of 11 bytes cannot be read as JSON: line 1, column 11: a key is missing"},
        {CONFIG_API2, "[]", "is JSON, but not an object"},
        {CONFIG_API2, "{}", "the upstream's answer has no `code`"},
        {CONFIG_API2, "{\"code\":1.5}",
         "the `code` of the upstream's answer is neither a whole number nor a name"},
        {CONFIG_API3, "{\"code\":0}", "the upstream's answer has no `Response` that is an object"},
        {CONFIG_API3, "{\"Response\":{\"Error\":{}}}", "the `Error` of the upstream's answer has no `Code`"},
        {CONFIG_API3, "{\"Response\":{\"Error\":[]}}", "the `Error` of the upstream's answer has no `Code`"},
    };
    /* clang-format on */
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct answer answer = {.code = 77};
        struct err err = {0};
        wrong += unit_wrong(rows[i].bytes, answer_read(rows[i].bytes, strlen(rows[i].bytes), &whole,
                                                       rows[i].api, arena, &answer, &err) == -1);
        wrong += unit_wrong(rows[i].bytes, strstr(err.text, rows[i].told) != NULL);
        wrong += unit_wrong(rows[i].bytes, answer.code == 77);
    }
    assert_int_equal(wrong, 0);
}

/* The parts of a good answer move with its bytes. */
static void a_kept_answer_stands_by_itself(void **state)
{
    static const char *const texts[] = {
        "{\"code\":0,\"data\":{\"status\":7},\"totalCount\":8,\"taskId\":9,\"things\":[1,2]}",
        "{\"Response\":{\"Set\":{\"status\":7},\"TotalCount\":8,\"RequestId\":9,\"ThingSet\":[1,2],"
        "\"Status\":7}}"};
    (void)state;
    for (int api = 0; api < CONFIG_APIS; api++) {
        struct answer answer = {0};
        struct err err = {0};
        size_t length = strlen(texts[api]);
        char *bytes = strdup(texts[api]);
        assert_non_null(bytes);
        assert_int_equal(answer_read(bytes, length, &whole, api, arena, &answer, &err), 0);
        assert_int_equal(answer_keep(&answer, arena), 0);
        memset(bytes, 'x', length);
        free(bytes);
        assert_memory_equal(answer.bytes, texts[api], length);
        assert_memory_equal(answer.list.bytes, "{\"status\":7}", answer.list.length);
        assert_memory_equal(answer.state.bytes, "7", answer.state.length);
        assert_memory_equal(answer.total.bytes, "8", answer.total.length);
        assert_memory_equal(answer.task_value.bytes, "9", answer.task_value.length);
        assert_memory_equal(answer.single.bytes, "[1,2]", answer.single.length);
        assert_int_equal(answer.single.count, 2);
        assert_true(json_value_has_key(&answer.total, api == CONFIG_API2 ? "totalCount" : "TotalCount"));
        assert_true(answer.members.bytes >= answer.bytes &&
                    answer.members.bytes + answer.members.length <= answer.bytes + length);
    }
    struct arena *small = arena_new(8);
    struct answer answer = {.bytes = texts[0], .length = strlen(texts[0])};
    assert_int_equal(answer_keep(&answer, small), -1);
    arena_free(small);
}

static void an_error_of_api3(void **state)
{
    static const char text[] =
        "{\"Response\":{\"Error\":{\"Code\":\"LimitExceeded.Address\",\"Message\":\"m\"},"
        "\"RequestId\":\"r-1\"}}";
    struct answer answer = {0};
    struct err err = {0};
    (void)state;
    assert_int_equal(answer_read(text, sizeof text - 1, &route, CONFIG_API3, arena, &answer, &err), 0);
    assert_true(answer.named && !answer_is_good(&answer));
    assert_string_equal(answer.code_desc, "LimitExceeded.Address");
    assert_string_equal(answer.message, "m");
    assert_string_equal(answer.request_id, "r-1");
    assert_int_equal(answer_meaning(&answer).problem, PROBLEM_CONFLICT);
}

static void good_answers_of_api3(void **state)
{
    static const char text[] = "{\"Response\":{\"RequestId\":\"1e2c8a6b-7a49-4d4f-9ad4-0e8a3e5b6c7d\"}}";
    struct answer answer = {0};
    struct err err = {0};
    (void)state;
    assert_int_equal(answer_read(text, sizeof text - 1, &route, CONFIG_API3, arena, &answer, &err), 0);
    assert_int_equal(answer_meaning(&answer).problem, PROBLEM_NONE);
    assert_int_equal(answer_meaning(&answer).outcome, OUTCOME_EXECUTED);
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

/* Once it stood for a code that is a name. */
static void the_least_number_is_a_number(void **state)
{
    static const char text[] = "{\"code\":-9223372036854775808}";
    struct answer answer = {0};
    struct err err = {0};
    (void)state;
    assert_int_equal(answer_read(text, sizeof text - 1, &route, CONFIG_API2, arena, &answer, &err), 0);
    assert_false(answer.named);
    assert_true(answer.code == LLONG_MIN);
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
    assert_int_equal(read_nested(JSON_VALUE_DEPTH_MAX, JSON_VALUE_DEPTH_MAX), 0);
    assert_int_equal(read_nested(JSON_VALUE_DEPTH_MAX + 1, JSON_VALUE_DEPTH_MAX + 1), -1);
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
        cmocka_unit_test(an_error_of_api3),
        cmocka_unit_test(good_answers_of_api3),
        cmocka_unit_test(no_answers_of_api3),
        cmocka_unit_test(what_makes_no_sense),
        cmocka_unit_test(what_is_only_carried),
        cmocka_unit_test(what_is_wrong_is_told),
        cmocka_unit_test(a_kept_answer_stands_by_itself),
        cmocka_unit_test(the_least_number_is_a_number),
        cmocka_unit_test(nul_is_no_end),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(tasks),
        cmocka_unit_test(texts_and_detail),
        cmocka_unit_test(endless_texts_are_cut),
    };
    /* clang-format on */
    return cmocka_run_group_tests(tests, enter, leave);
}
