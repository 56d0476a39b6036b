/* `countersign call` as a whole, against a gateway that is a script: its exit code, what it prints where, and
 * what the gateway was asked (countersign(1), "call"). */
#include "client/client.h"

#include "tests/client/scripted.h"
#include "tests/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS = 8 };

#define ANSWER(status, type, length, body)                                                                   \
    "HTTP/1.1 " status "\r\nContent-Type: " type "\r\nX-Request-Id: r-1\r\nContent-Length: " #length         \
    "\r\n\r\n" body
#define JSON(length, body) ANSWER("200 OK", "application/json", length, body)

/* A document with one route, whose count is an integer. */
#define OPENAPI                                                                                              \
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"                         \
    "{\"paths\":{\"/things/{id}\":{\"post\":{\"requestBody\":{\"content\":{\"application/"                   \
    "json\":{\"schema\":"                                                                                    \
    "{\"properties\":{\"count\":{\"type\":\"integer\"},\"ids\":{\"type\":\"array\",\"items\":{\"type\":"     \
    "\"string\"}}}}}}}}}}}"

/* clang-format off */
static const struct row {
    const char *name;
    const char *words[WORDS];             /* behind "call" */
    struct scripted_answer answers[2];
    int code;
    const char *out;                      /* on standard output */
    const char *part;                     /* of standard error; NULL: nothing */
    const char *request;                  /* the last one's beginning */
    const char *body;                     /* its body; NULL: none */
} rows[] = {
    {.name = "a read", .words = {"get", "/vpcs"}, .answers = {{.bytes = JSON(7, "{\"a\":1}")}},
     .out = "{\"a\":1}\n", .request = "GET /vpcs HTTP/1.1\r\n"},
    {.name = "a line feed is there", .words = {"GET", "/vpcs"}, .answers = {{.bytes = JSON(3, "{}\n")}},
     .out = "{}\n", .request = "GET /vpcs HTTP/1.1\r\n"},
    {.name = "parameters of a read", .words = {"GET", "/vpcs", "a=1&2", "b c=\xC3\xA9"},
     .answers = {{.bytes = JSON(2, "{}")}}, .out = "{}\n",
     .request = "GET /vpcs?a=1%262&b%20c=%C3%A9 HTTP/1.1\r\n"},
    {.name = "behind a query", .words = {"DELETE", "/vpcs?x=y", "a=1"},
     .answers = {{.bytes = "HTTP/1.1 204 No Content\r\nX-Request-Id: r-1\r\n\r\n"}}, .out = "",
     .request = "DELETE /vpcs?x=y&a=1 HTTP/1.1\r\n"},
    {.name = "a body as it is", .words = {"PUT", "/a", "--body", "{\"b\": 2}"},
     .answers = {{.bytes = JSON(2, "{}")}}, .out = "{}\n", .request = "PUT /a HTTP/1.1\r\n",
     .body = "{\"b\": 2}"},
    {.name = "a body with the document's types", .words = {"POST", "/things/1", "count=3", "ids=4"},
     .answers = {{.bytes = OPENAPI, .close = true}, {.bytes = JSON(2, "{}")}}, .out = "{}\n",
     .request = "POST /things/1 HTTP/1.1\r\n", .body = "{\"count\":3,\"ids\":[\"4\"]}"},
    {.name = "a body without a document", .words = {"POST", "/things/1", "name=x"},
     .answers = {{.bytes = ANSWER("404 Not Found", "application/json", 2, "{}")}, {.bytes = JSON(2, "{}")}},
     .out = "{}\n", .request = "POST /things/1 HTTP/1.1\r\n", .body = "{\"name\":\"x\"}"},
    {.name = "refused", .words = {"GET", "/vpcs"},
     .answers = {{.bytes = ANSWER("403 Forbidden", "application/problem+json", 67,
     "{\"type\":\"urn:x:not-allowed\",\"detail\":\"no rule\",\"requestId\":\"r-1\"}  ")}},
     .code = CLIENT_FAILED,
     .out = "{\"type\":\"urn:x:not-allowed\",\"detail\":\"no rule\",\"requestId\":\"r-1\"}  \n",
     .part = "countersign call: no rule (403 not-allowed, request r-1)\n",
     .request = "GET /vpcs HTTP/1.1\r\n"},
    {.name = "a change that was lost", .words = {"DELETE", "/vpcs", "--idempotency-key", "k-1"},
     .answers = {{.bytes = NULL}},
     .code = CLIENT_UNKNOWN, .out = "",
     .part = "may have been executed: look before you try again (Idempotency-Key: k-1)\n",
     .request = "DELETE /vpcs HTTP/1.1\r\n"},
    {.name = "a read that was lost", .words = {"GET", "/vpcs"}, .answers = {{.bytes = NULL}},
     .code = CLIENT_LATER, .out = "", .part = "countersign call: ", .request = "GET /vpcs HTTP/1.1\r\n"},
};
/* clang-format on */

static struct scripted gateway;

/* The exit code; what was printed, for the caller to free. */
static int call(const char *const words[WORDS], char **out, char **err)
{
    size_t length[2];
    int argc = 1;
    char *copies[WORDS + 3] = {strdup("call")};
    FILE *kept[] = {stdout, stderr};
    for (; argc <= WORDS && words[argc - 1] != NULL; argc++)
        copies[argc] = strdup(words[argc - 1]);
    FILE *streams[] = {open_memstream(out, &length[0]), open_memstream(err, &length[1])};
    assert_true(streams[0] != NULL && streams[1] != NULL);
    stdout = streams[0];
    stderr = streams[1];
    int code = client_main(argc, copies);
    stdout = kept[0];
    stderr = kept[1];
    assert_int_equal(fclose(streams[0]) | fclose(streams[1]), 0);
    for (int i = 0; i < argc; i++)
        free(copies[i]);
    return code;
}

static int check(const struct row *row)
{
    char *out = NULL;
    char *err = NULL;
    scripted_begin(&gateway, row->answers, row->answers[1].bytes == NULL ? 1 : 2);
    assert_int_equal(setenv("COUNTERSIGN_URL", gateway.url, 1), 0);
    int code = call(row->words, &out, &err);
    scripted_end(&gateway);
    const char *request = gateway.request_count == 0 ? "" : gateway.requests[gateway.request_count - 1];
    const char *body = strstr(request, "\r\n\r\n");
    int wrong =
        unit_wrong(row->name, code == row->code) + unit_differs(row->name, row->out, out) +
        unit_wrong(row->name, strncmp(request, row->request, strlen(row->request)) == 0) +
        unit_differs(row->name, row->body == NULL ? "" : row->body, body == NULL ? "(none)" : body + 4) +
        unit_wrong(row->name, row->part == NULL ? err[0] == '\0' : strstr(err, row->part) != NULL);
    free(out);
    free(err);
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

/* Nothing was sent. */
static void nobody_listens(void **state)
{
    static const char *const words[WORDS] = {"DELETE", "/vpcs"};
    const struct scripted_answer ok = {.bytes = JSON(2, "{}")};
    char *out = NULL;
    char *err = NULL;
    (void)state;
    scripted_begin(&gateway, &ok, 1);
    scripted_end(&gateway);
    assert_int_equal(setenv("COUNTERSIGN_URL", gateway.url, 1), 0);
    assert_int_equal(call(words, &out, &err), CLIENT_LATER);
    assert_string_equal(out, "");
    assert_non_null(strstr(err, "countersign call: "));
    free(out);
    free(err);
}

/* A wrong command line asks nobody. */
static void usage(void **state)
{
    static const char *const words[WORDS] = {"GET"};
    char *out = NULL;
    char *err = NULL;
    (void)state;
    assert_int_equal(call(words, &out, &err), CLIENT_USAGE);
    assert_string_equal(out, "");
    free(out);
    free(err);
}

static int set_token(void **state)
{
    (void)state;
    return setenv("COUNTERSIGN_TOKEN", "tokenOfTheTest0", 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table),
        cmocka_unit_test(nobody_listens),
        cmocka_unit_test(usage),
    };
    return cmocka_run_group_tests(tests, set_token, NULL);
}
