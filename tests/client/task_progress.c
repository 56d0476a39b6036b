/* Waiting for a task, against a gateway that is a script in this file, and by a clock that is, too: how often
 * it is asked, when, and what the exit code and the sentence are then (countersign(1), --wait). */
#include "client/task_progress.h"

#include "base/time/clock.h"
#include "tests/unit.h"

#include <stdio.h>
#include <string.h>

enum { LOOKS = 16 };

#define RUNNING "{\"status\":\"running\"}"
#define DONE    "{\"status\":\"done\"}"
#define FAILED  "{\"status\":\"failed\"}"
#define REFUSED                                                                                              \
    "{\"type\":\"urn:x:forbidden\",\"detail\":\"no\",\"outcome\":\"not-executed\",\"retryable\":false}"

struct answer {
    enum http_result result;
    long status;
    const char *body;
};

/* ---- the clock and the gateway ---- */

static int64_t now_us;
static const struct answer *script; /* the last one stays */
static int looks;
static char targets[64];
static int64_t looked_ms[LOOKS];

int64_t clock_monotonic_us(void)
{
    return now_us;
}

int64_t clock_wall_ms(void)
{
    return now_us / 1000;
}

void clock_sleep_us(int64_t micros)
{
    assert_in_range(micros, 1, 1000000); /* the terminal is told each second */
    now_us += micros;
}

enum http_result http_exchange(struct http *wire, const struct http_request *request,
                               struct http_answer *answer, struct err *err)
{
    (void)wire;
    assert_in_range(looks, 0, LOOKS - 1);
    assert_string_equal(request->method, "GET");
    assert_int_equal(request->prefer_wait_s, 0);
    (void)snprintf(targets, sizeof targets, "%s", request->target);
    looked_ms[looks++] = now_us / 1000;
    *answer =
        (struct http_answer){.status = script->status, .type = "application/json", .body = answer->body};
    if (script->status >= 400)
        (void)snprintf(answer->type, sizeof answer->type, "application/problem+json");
    buf_reset(&answer->body);
    buf_put(&answer->body, script->body == NULL ? "" : script->body);
    enum http_result result = script->result;
    if (result != HTTP_ANSWERED)
        (void)err_set(err, ERR_SYSTEM, "reason");
    if (script[1].status != 0 || script[1].result != HTTP_ANSWERED)
        script++;
    return result;
}

/* ---- the table ---- */

/* clang-format off */
static const struct row {
    const char *name;
    const char *method;
    const char *body;           /* of the change's own answer, ... */
    const char *location;       /* ... which is 202 */
    int wait_s;
    struct answer answers[4];   /* to the looks */
    int looks;
    enum client_exit code;
    const char *part;           /* of the sentence; NULL: there is none */
    const char *shown;          /* what is left to print */
} rows[] = {
    {.name = "over at once", .method = "POST", .body = DONE, .location = "/tasks/1", .wait_s = 60,
     .shown = DONE},
    {.name = "failed at once", .method = "POST", .body = FAILED, .location = "/tasks/1", .wait_s = 60,
     .code = CLIENT_FAILED, .part = "its task failed", .shown = FAILED},
    {.name = "over at the first look", .method = "POST", .body = "{}", .location = "/tasks/1", .wait_s = 60,
     .answers = {{HTTP_ANSWERED, 200, DONE}}, .looks = 1, .shown = DONE},
    {.name = "over at the third", .method = "DELETE", .body = "{}", .location = "/tasks/1", .wait_s = 60,
     .answers = {{HTTP_ANSWERED, 200, RUNNING}, {HTTP_ANSWERED, 200, RUNNING}, {HTTP_ANSWERED, 200, DONE}},
     .looks = 3, .shown = DONE},
    {.name = "fails at last", .method = "DELETE", .body = "{}", .location = "/tasks/1", .wait_s = 60,
     .answers = {{HTTP_ANSWERED, 200, RUNNING}, {HTTP_ANSWERED, 200, FAILED}}, .looks = 2,
     .code = CLIENT_FAILED, .part = "its task failed", .shown = FAILED},
    {.name = "a look that fails is no end", .method = "DELETE", .body = "{}", .location = "/tasks/1",
     .wait_s = 60, .answers = {{HTTP_NOT_SENT, 0, NULL}, {HTTP_LOST, 0, NULL}, {HTTP_ANSWERED, 200, DONE}},
     .looks = 3, .shown = DONE},
    {.name = "never over", .method = "POST", .body = "{}", .location = "/tasks/1", .wait_s = 4,
     .answers = {{HTTP_ANSWERED, 200, RUNNING}}, .looks = 4, .code = CLIENT_RUNNING,
     .part = "not over after 4 s; see: countersign call GET /tasks/1", .shown = RUNNING},
    {.name = "never seen", .method = "POST", .body = "{}", .location = "/tasks/1", .wait_s = 2,
     .answers = {{HTTP_NOT_SENT, 0, NULL}}, .looks = 3, .code = CLIENT_RUNNING,
     .part = "not over after 2 s", .shown = "{}"},
    {.name = "may not look", .method = "POST", .body = "{}", .location = "/tasks/1", .wait_s = 60,
     .answers = {{HTTP_ANSWERED, 403, REFUSED}}, .looks = 1, .code = CLIENT_RUNNING,
     .part = "how its task is cannot be seen", .shown = "{}"},
    {.name = "nowhere to look", .method = "POST", .body = "{}", .location = "", .wait_s = 60,
     .code = CLIENT_RUNNING, .part = "does not say where", .shown = "{}"},
    {.name = "another host", .method = "POST", .body = "{}", .location = "//evil.example/1", .wait_s = 60,
     .code = CLIENT_RUNNING, .part = "does not say where", .shown = "{}"},
    {.name = "a url", .method = "POST", .body = "{}", .location = "https://evil.example/1", .wait_s = 60,
     .code = CLIENT_RUNNING, .part = "does not say where", .shown = "{}"},
    {.name = "two lines", .method = "POST", .body = "{}", .location = "/tasks\r\nX: 1", .wait_s = 60,
     .code = CLIENT_RUNNING, .part = "does not say where", .shown = "{}"},
    {.name = "a read that looks at a task", .method = "GET", .body = RUNNING, .location = "", .wait_s = 60,
     .answers = {{HTTP_ANSWERED, 200, DONE}}, .looks = 1, .shown = DONE},
};
/* clang-format on */

static int check(const struct row *row)
{
    struct buf sentence;
    struct task_progress progress;
    struct options order = {.url = "http://127.0.0.1", .path = "/things", .wait_s = row->wait_s};
    struct http_answer answer = {.status = 202, .type = "application/json"};
    bool reads = strcmp(row->method, "GET") == 0;
    (void)snprintf(order.method, sizeof order.method, "%s", row->method);
    (void)snprintf(answer.location, sizeof answer.location, "%s", row->location);
    answer.status = reads ? 200 : 202;
    buf_init(&sentence, 4096);
    buf_init(&answer.body, HTTP_ANSWER_MAX);
    buf_put(&answer.body, row->body);
    now_us = 1000000;
    looks = 0;
    script = row->answers;
    task_progress_begin(&progress, &order, NULL);
    enum client_exit code = task_progress_task(&progress, &answer, &sentence);
    const char *part = row->part == NULL ? "" : row->part;
    int wrong = unit_wrong(row->name, code == row->code && looks == row->looks) +
                unit_wrong(row->name, (sentence.length == 0) == (row->part == NULL) &&
                                          strstr(buf_text(&sentence), part) != NULL) +
                unit_differs(row->name, row->shown, buf_text(&answer.body));
    if (looks > 0)
        wrong += unit_differs(row->name, reads ? "/things" : "/tasks/1", targets);
    buf_done(&sentence);
    buf_done(&answer.body);
    return wrong;
}

static void table(void **state)
{
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        wrong += check(&rows[i]);
    assert_int_equal(wrong, 0);
}

/* After half a second, then after twice as long each time up to five, and at the end of the time. */
static void pauses(void **state)
{
    static const int64_t expected_ms[] = {500, 1500, 3500, 7500, 12500, 17500, 20000};
    const struct row row = {.name = "pauses",
                            .method = "POST",
                            .body = "{}",
                            .location = "/tasks/1",
                            .wait_s = 20,
                            .answers = {{HTTP_ANSWERED, 200, RUNNING}},
                            .looks = COUNT(expected_ms),
                            .code = CLIENT_RUNNING,
                            .part = "not over after 20 s",
                            .shown = RUNNING};
    (void)state;
    assert_int_equal(check(&row), 0);
    for (size_t i = 0; i < COUNT(expected_ms); i++)
        assert_int_equal(looked_ms[i] - 1000, expected_ms[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table),
        cmocka_unit_test(pauses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
