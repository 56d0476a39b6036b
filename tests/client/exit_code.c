/* What scripts are told: a row is what came of a request, and the exit code that countersign(1), EXIT STATUS,
 * gives it.  A change that may have been executed is never called a failure. */
#include "client/exit_code.h"

#include "tests/unit.h"

#include <stdio.h>
#include <string.h>

#define PROBLEM "application/problem+json"
#define JSON    "application/json"
#define UNKNOWN                                                                                              \
    "{\"type\":\"urn:x:upstream-timeout\",\"detail\":\"d\",\"outcome\":\"unknown\",\"requestId\":\"r\"}"
#define RETRYABLE                                                                                            \
    "{\"type\":\"urn:x:busy\",\"detail\":\"d\",\"retryable\":true,\"outcome\":\"not-executed\","             \
    "\"requestId\":\"r\"}"
#define REFUSED "{\"type\":\"urn:x:not-allowed\",\"detail\":\"d\",\"retryable\":false,\"requestId\":\"r\"}"

static const struct row {
    const char *name;
    const char *method;
    enum http_result result;
    long status;
    const char *type;
    const char *body;
    const char *request_id;
    enum client_exit code;
    const char *part; /* of the sentence; NULL: there is none */
} rows[] = {
    {.name = "a good read", .method = "GET", .status = 200, .type = JSON, .body = "{}", .code = CLIENT_GOOD},
    {.name = "a good change",
     .method = "POST",
     .status = 201,
     .type = JSON,
     .body = "{}",
     .code = CLIENT_GOOD},
    {.name = "nothing to say", .method = "DELETE", .status = 204, .request_id = "r", .code = CLIENT_GOOD},
    {.name = "204 of somebody else",
     .method = "DELETE",
     .status = 204,
     .code = CLIENT_UNKNOWN,
     .part = "it may have been executed"},
    {.name = "HEAD has no body", .method = "HEAD", .status = 200, .code = CLIENT_GOOD},
    {.name = "refused",
     .method = "POST",
     .status = 403,
     .type = PROBLEM,
     .body = REFUSED,
     .code = CLIENT_FAILED,
     .part = "d (403 not-allowed, request r)"},
    {.name = "later",
     .method = "POST",
     .status = 503,
     .type = PROBLEM,
     .body = RETRYABLE,
     .code = CLIENT_LATER,
     .part = "nothing was executed: try again"},
    {.name = "unknown",
     .method = "POST",
     .status = 504,
     .type = PROBLEM,
     .body = UNKNOWN,
     .code = CLIENT_UNKNOWN,
     .part = "look before you try again"},
    {.name = "unknown, whatever the method",
     .method = "GET",
     .status = 504,
     .type = PROBLEM,
     .body = UNKNOWN,
     .code = CLIENT_UNKNOWN,
     .part = "look before you try again"},
    {.name = "a page instead of a read",
     .method = "GET",
     .status = 200,
     .type = "text/html",
     .body = "<p>",
     .code = CLIENT_FAILED,
     .part = "'text/html': that is not how a gateway answers"},
    {.name = "a page instead of a change",
     .method = "POST",
     .status = 502,
     .type = "text/html",
     .body = "<p>",
     .code = CLIENT_UNKNOWN,
     .part = "it may have been executed"},
    {.name = "turned away on the way",
     .method = "POST",
     .status = 413,
     .type = "text/html",
     .body = "<p>",
     .code = CLIENT_FAILED,
     .part = "answered 413"},
    {.name = "somebody waited for long enough",
     .method = "POST",
     .status = 408,
     .type = "text/html",
     .body = "<p>",
     .code = CLIENT_UNKNOWN,
     .part = "it may have been executed"},
    {.name = "JSON cut short",
     .method = "POST",
     .status = 200,
     .type = JSON,
     .body = "{\"a\":",
     .code = CLIENT_UNKNOWN,
     .part = "it may have been executed"},
    {.name = "a list is no answer",
     .method = "GET",
     .status = 200,
     .type = JSON,
     .body = "[]",
     .code = CLIENT_FAILED,
     .part = "not how a gateway answers"},
    {.name = "an error without its type",
     .method = "PUT",
     .status = 500,
     .type = JSON,
     .body = "{}",
     .code = CLIENT_UNKNOWN,
     .part = "it may have been executed"},
    {.name = "a redirect",
     .method = "GET",
     .status = 302,
     .type = JSON,
     .body = "{}",
     .code = CLIENT_FAILED,
     .part = "answered 302"},
    {.name = "a detail that moves the cursor",
     .method = "GET",
     .status = 400,
     .type = PROBLEM,
     .body = "{\"type\":\"urn:x:y\",\"detail\":\"a\\u001b[2Jb\",\"requestId\":\"r\"}",
     .code = CLIENT_FAILED,
     .part = "a?[2Jb (400 y"},
    {.name = "not sent",
     .method = "POST",
     .result = HTTP_NOT_SENT,
     .code = CLIENT_LATER,
     .part = "nothing was sent"},
    {.name = "a lost read",
     .method = "GET",
     .result = HTTP_LOST,
     .code = CLIENT_LATER,
     .part = "it only reads"},
    {.name = "a lost change",
     .method = "PATCH",
     .result = HTTP_LOST,
     .code = CLIENT_UNKNOWN,
     .part = "look before you try again"},
};

static void fill(struct http_answer *answer, const struct row *row)
{
    *answer = (struct http_answer){.status = row->status};
    (void)snprintf(answer->type, sizeof answer->type, "%s", row->type == NULL ? "" : row->type);
    (void)snprintf(answer->request_id, sizeof answer->request_id, "%s",
                   row->request_id == NULL ? "" : row->request_id);
    buf_init(&answer->body, 4096);
    buf_put(&answer->body, row->body == NULL ? "" : row->body);
}

static int check(const struct row *row)
{
    struct options order = {.url = "https://gateway.test"};
    struct http_answer answer;
    struct buf sentence;
    struct err err = {.text = "reason"};
    (void)snprintf(order.method, sizeof order.method, "%s", row->method);
    fill(&answer, row);
    buf_init(&sentence, 4096);
    enum client_exit code = exit_code_of(&order, row->result, &answer, &err, &sentence);
    const char *text = buf_text(&sentence);
    bool told = row->part == NULL ? text[0] == '\0' : strstr(text, row->part) != NULL;
    int wrong = unit_wrong(row->name, code == row->code) + unit_wrong(row->name, told);
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

static void tasks(void **state)
{
    static const struct {
        const char *body;
        enum exit_code_task task;
    } bodies[] = {
        {.body = "{\"status\":\"running\"}", .task = EXIT_CODE_TASK_RUNNING},
        {.body = "{\"status\":\"done\"}", .task = EXIT_CODE_TASK_DONE},
        {.body = "{\"a\":[{\"status\":\"done\"}],\"status\":\"failed\"}", .task = EXIT_CODE_TASK_FAILED},
        {.body = "{\"st\\u0061tus\":\"d\\u006fne\"}", .task = EXIT_CODE_TASK_DONE},
        {.body = "{\"status\":\"DONE\"}", .task = EXIT_CODE_NO_TASK},
        {.body = "{\"status\":1}", .task = EXIT_CODE_NO_TASK},
        {.body = "{\"data\":{\"status\":\"done\"}}", .task = EXIT_CODE_NO_TASK},
        {.body = "[\"status\",\"done\"]", .task = EXIT_CODE_NO_TASK},
        {.body = "", .task = EXIT_CODE_NO_TASK},
    };
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(bodies); i++) {
        struct http_answer answer;
        fill(&answer, &(struct row){.body = bodies[i].body});
        wrong += unit_wrong(bodies[i].body, exit_code_task(&answer) == bodies[i].task);
        buf_done(&answer.body);
    }
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(table), cmocka_unit_test(tasks)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
