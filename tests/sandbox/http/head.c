#include "tests/unit.h"

#include "sandbox/http/head.h"

#include <string.h>

#define GET  "GET /p?a=b HTTP/1.1\r\n"
#define HOST "Host: h\r\n"
#define END  "\r\n"

static const struct {
    int status; /* 0: it is taken */
    const char *head;
} rows[] = {
    {0, GET HOST END},
    {0, "GET / HTTP/1.0\r\n" HOST END},
    {0, GET "host:h" END END},
    {0, GET "HOST: \t h \t" END END},
    {0, GET HOST "X-Other: \x80 anything, \"quoted\"" END END},
    {0, GET HOST "Content-Length: 1048576" END END},
    {0, GET HOST "Expect: 100-Continue" END END},
    {400, GET END},
    {400, GET "Host:" END END},
    {400, GET HOST HOST END},
    {400, GET HOST},
    {400, GET HOST END "x"},
    {400, "GET / HTTP/1.1\n" HOST END},
    {400, GET "Host: h\n" END},
    {400, GET "Host: h\rX: y\r\n" END},
    {400, " GET / HTTP/1.1\r\n" HOST END},
    {400, "GET /a b HTTP/1.1\r\n" HOST END},
    {400, "GET /a\tb HTTP/1.1\r\n" HOST END},
    {400, "GET /\xC3\xA9 HTTP/1.1\r\n" HOST END},
    {400, "GET /#f HTTP/1.1\r\n" HOST END},
    {400, "GET * HTTP/1.1\r\n" HOST END},
    {400, "GET http://h/ HTTP/1.1\r\n" HOST END},
    {400, "G(T / HTTP/1.1\r\n" HOST END},
    {400, "GET /\r\n" HOST END},
    {505, "GET / HTTP/1.2\r\n" HOST END},
    {400, "GET / http/1.1\r\n" HOST END},
    {505, "GET / HTTP/1.1 \r\n" HOST END},
    {400, GET HOST "no colon" END END},
    {400, GET HOST "Name : x" END END},
    {400, GET HOST ": x" END END},
    {400, GET HOST "X: a" END " folded" END END},
    {400, GET HOST "X: \x01" END END},
    {400, GET HOST "X: \x7F" END END},
    {400, GET HOST "Content-Length: " END END},
    {400, GET HOST "Content-Length: -1" END END},
    {400, GET HOST "Content-Length: +1" END END},
    {400, GET HOST "Content-Length: 0x1" END END},
    {400, GET HOST "Content-Length: 1, 1" END END},
    {400, GET HOST "Content-Length: 1" END "Content-Length: 1" END END},
    {400, GET HOST "Content-Length: 99999999999999999999" END END},
    {413, GET HOST "Content-Length: 10485761" END END},
    {417, GET HOST "Expect: more" END END},
    {501, GET HOST "Transfer-Encoding: chunked" END END},
    {501, GET HOST "transfer-encoding: identity" END END},
};

static void table(void **state)
{
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct http_request request;
        http_request_init(&request);
        buf_put(&request.head, rows[i].head);
        wrong += unit_wrong(rows[i].head, head_parse(&request) == rows[i].status);
        http_request_done(&request);
    }
    assert_int_equal(wrong, 0);
}

static void parts(void **state)
{
    (void)state;
    struct http_request request;
    http_request_init(&request);
    buf_put(&request.head, "POST /v2/index.php?a=b?c HTTP/1.1\r\nHost: h:1\r\nContent-Length: 7\r\n"
                           "Content-Type: text/plain; charset=x\r\nConnection: Close\r\n\r\n");
    assert_int_equal(head_parse(&request), HTTP_READ);
    assert_string_equal(request.method, "POST");
    assert_string_equal(request.path, "/v2/index.php");
    assert_string_equal(request.query, "a=b?c");
    assert_string_equal(request.host, "h:1");
    assert_string_equal(request.content_type, "text/plain; charset=x");
    assert_int_equal(request.content_length, 7);
    assert_false(request.keep_alive);
    http_request_done(&request);
}

static void holds_no_nul(void **state)
{
    (void)state;
    struct http_request request;
    http_request_init(&request);
    buf_put_bytes(&request.head, "GET / HTTP/1.1\r\nHost: h\r\n\r\n\0", 28);
    assert_int_equal(head_parse(&request), 400);
    http_request_done(&request);
    http_request_init(&request);
    assert_int_equal(head_parse(&request), 400);
    http_request_done(&request);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(table), cmocka_unit_test(parts),
                                       cmocka_unit_test(holds_no_nul)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
