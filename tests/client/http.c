/* One exchange with a gateway, on the wire: what is sent, as bytes, what is understood of an answer, and
 * whether a request that failed had been sent.  The expectations are RFC 9110, 6750 and 7240's. */
#include "client/http.h"

#include "tests/client/scripted.h"
#include "tests/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OK "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"

static struct secret *token;
static struct scripted gateway;

struct exchange {
    struct options order;
    struct http *http;
    struct buf body;
    struct http_answer answer;
    struct err err;
};

static void begin(struct exchange *x, const struct scripted_answer *answers, size_t count)
{
    scripted_begin(&gateway, answers, count);
    *x = (struct exchange){.order = {.url = gateway.url, .token = token}};
    buf_init(&x->answer.body, HTTP_ANSWER_MAX);
    buf_init(&x->body, 1024);
    x->http = http_open(&x->order, &x->err);
    assert_non_null(x->http);
}

static void end(struct exchange *x)
{
    http_close(x->http);
    scripted_end(&gateway);
    buf_done(&x->answer.body);
    buf_done(&x->body);
}

/* ---- what is sent ---- */

/* Fields in any order, each once; NULL ends them. */
static void sent_fields(const char *request, const char *line, const char *const *fields)
{
    size_t length = strlen(line);
    assert_int_equal(strncmp(request, line, length), 0);
    for (; *fields != NULL; fields++) {
        const char *found = strstr(request, *fields);
        if (found == NULL)
            fail_msg("%s lacks in:\n%s", *fields, request);
        assert_null(strstr(found + 1, *fields));
        length += strlen(*fields);
    }
    assert_int_equal(strstr(request, "\r\n\r\n") - request, length); /* and nothing else */
}

static void a_read(void **state)
{
    static const struct scripted_answer ok = {.bytes = OK};
    struct exchange x;
    char host[64];
    const struct http_request request = {.method = "GET", .target = "/a/../b?c=%2F"};
    (void)state;
    begin(&x, &ok, 1);
    assert_int_equal(http_exchange(x.http, &request, &x.answer, &x.err), HTTP_ANSWERED);
    end(&x);
    (void)snprintf(host, sizeof host, "\r\nHost: %.40s", gateway.url + strlen("http://"));
    const char *const fields[] = {host, "\r\nAuthorization: Bearer tokenOfTheTest0",
                                  "\r\nAccept: application/json", NULL};
    sent_fields(gateway.requests[0], "GET /a/../b?c=%2F HTTP/1.1", fields);
}

static void a_change(void **state)
{
    static const struct scripted_answer ok = {.bytes = OK};
    struct exchange x;
    char host[64];
    (void)state;
    begin(&x, &ok, 1);
    buf_put(&x.body, "{\"a\":1}");
    const struct http_request request = {
        .method = "POST", .target = "/a", .body = &x.body, .prefer_wait_s = 30};
    assert_int_equal(http_exchange(x.http, &request, &x.answer, &x.err), HTTP_ANSWERED);
    end(&x);
    (void)snprintf(host, sizeof host, "\r\nHost: %.40s", gateway.url + strlen("http://"));
    const char *const fields[] = {host,
                                  "\r\nAuthorization: Bearer tokenOfTheTest0",
                                  "\r\nAccept: application/json",
                                  "\r\nContent-Type: application/json",
                                  "\r\nPrefer: wait=30",
                                  "\r\nContent-Length: 7",
                                  NULL};
    sent_fields(gateway.requests[0], "POST /a HTTP/1.1", fields);
    assert_non_null(strstr(gateway.requests[0], "\r\n\r\n{\"a\":1}"));
}

/* A read may use the connection of the one before; a change never does, since libcurl repeats a request by
 * itself when such a connection dies. */
static void connections(void **state)
{
    static const struct scripted_answer ok = {.bytes = OK};
    static const char *const methods[] = {"GET", "GET", "DELETE", "DELETE"};
    static const int expected[] = {1, 1, 2, 3};
    struct exchange x;
    (void)state;
    begin(&x, &ok, 1);
    for (size_t i = 0; i < COUNT(methods); i++) {
        const struct http_request request = {.method = methods[i], .target = "/a"};
        assert_int_equal(http_exchange(x.http, &request, &x.answer, &x.err), HTTP_ANSWERED);
    }
    end(&x);
    for (size_t i = 0; i < COUNT(methods); i++)
        assert_int_equal(gateway.connections[i], expected[i]);
}

/* ---- what is understood ---- */

/* clang-format off */
static const struct row {
    const char *name;
    const char *method;            /* NULL: GET */
    struct scripted_answer answer;
    enum http_result result;
    long status;
    const char *type, *location, *id, *body;
} rows[] = {
    {.name = "a good one", .answer = {.bytes = OK}, .status = 200, .type = "application/json", .body = "{}"},
    {.name = "its fields",
     .answer = {.bytes = "HTTP/1.1 202 Accepted\r\nCONTENT-TYPE:application/json; charset=utf-8"
     "\r\nlocation:   /tasks/1  \r\nx-request-id: r-1\r\ncontent-length: 0\r\n\r\n"}, .status = 202,
     .type = "application/json", .location = "/tasks/1", .id = "r-1"},
    {.name = "nothing to say", .method = "DELETE", .answer = {.bytes = "HTTP/1.1 204 No Content\r\n\r\n"},
     .status = 204},
    {.name = "HEAD", .method = "HEAD", .answer = {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n"},
     .status = 200},
    {.name = "chunks", .answer = {.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
     "3\r\n{\"a\r\n4\r\n\":1}\r\n0\r\n\r\n"}, .status = 200, .body = "{\"a\":1}"},
    {.name = "chunks with a trailer", .answer = {.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked"
     "\r\n\r\n2\r\n{}\r\n0\r\nX-Trailer: 1\r\n\r\n"}, .status = 200, .body = "{}"},
    {.name = "after an interim one", .answer = {.bytes = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" OK},
     .status = 200, .type = "application/json", .body = "{}"},
    {.name = "elsewhere: not followed",
     .answer = {.bytes = "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/x"
     "\r\nContent-Length: 0\r\n\r\n"}, .status = 302, .location = "http://127.0.0.1:1/x"},
    {.name = "closed without a word", .method = "DELETE", .answer = {.bytes = NULL}, .result = HTTP_LOST},
    {.name = "half a head", .method = "DELETE", .answer = {.bytes = "HTTP/1.1 200 OK\r\nConte",
     .close = true},
     .result = HTTP_LOST},
    {.name = "half a body", .method = "DELETE",
     .answer = {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}",
     .close = true}, .result = HTTP_LOST, .body = "{}"},
    {.name = "no HTTP", .method = "DELETE", .answer = {.bytes = "220 smtp.example.com ESMTP\r\n",
     .close = true},
     .result = HTTP_LOST},
};
/* clang-format on */

static const char *or_empty(const char *text)
{
    return text == NULL ? "" : text;
}

static int check(const struct row *row)
{
    struct exchange x;
    const struct http_request request = {.method = row->method == NULL ? "GET" : row->method, .target = "/a"};
    begin(&x, &row->answer, 1);
    enum http_result result = http_exchange(x.http, &request, &x.answer, &x.err);
    bool explained = strncmp(x.err.text, gateway.url, strlen(gateway.url)) == 0;
    int wrong = unit_wrong(row->name, result == row->result && x.answer.status == row->status) +
                unit_wrong(row->name, explained == (result != HTTP_ANSWERED)) +
                unit_differs(row->name, or_empty(row->type), x.answer.type) +
                unit_differs(row->name, or_empty(row->location), x.answer.location) +
                unit_differs(row->name, or_empty(row->id), x.answer.request_id) +
                unit_differs(row->name, or_empty(row->body), buf_text(&x.answer.body));
    end(&x);
    return wrong + unit_wrong(row->name, gateway.request_count == 1); /* sent once, whatever became of it */
}

static void answers(void **state)
{
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        wrong += check(&rows[i]);
    assert_int_equal(wrong, 0);
}

/* A field that is longer than any of a gateway's is none. */
static void a_field_too_long(void **state)
{
    char text[1024];
    struct exchange x;
    const struct scripted_answer answer = {.bytes = text};
    const struct http_request request = {.method = "GET", .target = "/a"};
    (void)state;
    (void)snprintf(text, sizeof text,
                   "HTTP/1.1 200 OK\r\nX-Request-Id: %0*d\r\nLocation: /%0*d\r\nContent-Length: 0\r\n\r\n",
                   HTTP_FIELD_SIZE, 7, HTTP_FIELD_SIZE - 2, 7);
    begin(&x, &answer, 1);
    assert_int_equal(http_exchange(x.http, &request, &x.answer, &x.err), HTTP_ANSWERED);
    assert_string_equal(x.answer.request_id, "");
    assert_int_equal(strlen(x.answer.location), HTTP_FIELD_SIZE - 1);
    end(&x);
}

/* Nobody is there, so nothing was sent: a change may be repeated. */
static void nobody_listens(void **state)
{
    static const struct scripted_answer ok = {.bytes = OK};
    struct exchange x;
    const struct http_request request = {.method = "DELETE", .target = "/a"};
    (void)state;
    begin(&x, &ok, 1);
    scripted_end(&gateway);
    assert_int_equal(http_exchange(x.http, &request, &x.answer, &x.err), HTTP_NOT_SENT);
    assert_null(strstr(x.err.text, "tokenOfTheTest0"));
    http_close(x.http);
    buf_done(&x.answer.body);
    buf_done(&x.body);
}

/* The environment names a proxy, which would see the token. */
static void no_proxy(void **state)
{
    (void)state;
    assert_int_equal(setenv("http_proxy", "http://127.0.0.1:1", 1), 0);
    assert_int_equal(setenv("all_proxy", "http://127.0.0.1:1", 1), 0);
    assert_int_equal(check(&rows[0]), 0);
    assert_int_equal(unsetenv("http_proxy"), 0);
    assert_int_equal(unsetenv("all_proxy"), 0);
}

static int make_token(void **state)
{
    (void)state;
    token = secret_new("tokenOfTheTest0", 15);
    return token == NULL;
}

static int free_token(void **state)
{
    (void)state;
    secret_free(token);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_read),   cmocka_unit_test(a_change),         cmocka_unit_test(connections),
        cmocka_unit_test(answers),  cmocka_unit_test(a_field_too_long), cmocka_unit_test(nobody_listens),
        cmocka_unit_test(no_proxy),
    };
    return cmocka_run_group_tests(tests, make_token, free_token);
}
