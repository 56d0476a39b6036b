/* Heads of requests as bytes, each cut at every byte: what is read of them, and what is refused. */
#include "gateway/http/request_head.h"

#include "gateway/http/framing.h"

#include "tests/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The head of `text` and its own copy of exactly these bytes, so that a byte read too much is seen. */
struct reading {
    struct request_head head;
    enum request_head_state state;
    char *bytes;
};

/* The first `cut` bytes come first, and a second reading goes on from there. */
static void read_pieces(struct reading *reading, const char *text, size_t length, size_t cut)
{
    reading->bytes = malloc(length + (length == 0));
    assert_non_null(reading->bytes);
    memcpy(reading->bytes, text, cut);
    request_head_begin(&reading->head);
    reading->state = request_head_read(&reading->head, reading->bytes, cut);
    memcpy(reading->bytes + cut, text + cut, length - cut);
    if (reading->state == REQUEST_HEAD_PART)
        reading->state = request_head_read(&reading->head, reading->bytes, length);
}

static void read_text(struct reading *reading, const char *text)
{
    read_pieces(reading, text, strlen(text), 0);
}

static void reading_done(struct reading *reading)
{
    free(reading->bytes);
}

/* ---- what is refused, and how ---- */

#define OK      PROBLEM_NONE
#define BAD     PROBLEM_MALFORMED_REQUEST
#define METHOD  PROBLEM_NOT_IMPLEMENTED
#define VERSION PROBLEM_VERSION_NOT_SUPPORTED
#define EXPECT  PROBLEM_EXPECTATION_FAILED
#define REQUEST "DELETE /a HTTP/1.1\r\n"
#define HOST    "Host: h\r\n"
#define END     "\r\n"

/* clang-format off */
static const struct {
    const char *name, *text;
    enum problem problem;
} rows[] = {
    {"plain", REQUEST HOST END, OK},
    {"with a query", "DELETE /a?b=c HTTP/1.1\r\n" HOST END, OK},
    {"an empty query", "DELETE /a? HTTP/1.1\r\n" HOST END, OK},
    {"many fields", REQUEST HOST "A: 1\r\nB: 2\r\nC: 3\r\n" END, OK},
    {"a length", REQUEST HOST "Content-Length: 3\r\n" END, OK},
    {"a length of zero", REQUEST HOST "Content-Length: 0\r\n" END, OK},
    {"no blank behind the colon", REQUEST "Host:h\r\nA:1\r\n" END, OK},
    {"blanks before a value", REQUEST "Host:   h\r\n" END, OK},
    {"tabs around a value", REQUEST "Host: \t h\t\r\n" END, OK},
    {"blanks behind a value", REQUEST "Host: h  \r\nA: 1 \r\n" END, OK},
    {"an empty value", REQUEST HOST "A:\r\n" END, OK},
    {"an empty value at the end", REQUEST HOST "A: \r\n" END, OK},
    {"a colon in a value", REQUEST "Host: h:80\r\n" END, OK},
    {"8-bit bytes in a value", REQUEST HOST "A: \xC3\xA9\r\n" END, OK},
    {"version 1.0", "DELETE /a HTTP/1.0\r\n" HOST END, OK},
    {"100-continue", REQUEST HOST "Expect: 100-continue\r\n" END, OK},
    {"100-Continue", REQUEST HOST "Expect: 100-Continue\r\n" END, OK},
    {"chunked", REQUEST HOST "Transfer-Encoding: chunked\r\n" END, OK},
    {"CHUNKED", REQUEST HOST "transfer-encoding:CHUNKED \r\n" END, OK},
    {"an empty line before it", "\r\n" REQUEST HOST END, OK},
    {"all of HTTP's methods", "PATCH /a HTTP/1.1\r\n" HOST END, OK},
    {"an absolute target", "DELETE http://h/a?b HTTP/1.1\r\n" HOST END, OK},
    {"an absolute target in capitals", "DELETE HTTP://H/a HTTP/1.1\r\n" HOST END, OK},
    {"an absolute target without a path", "GET https://h HTTP/1.1\r\n" HOST END, OK},
    {"the server as a whole", "OPTIONS * HTTP/1.1\r\n" HOST END, OK},
    {"no Host in 1.0", "DELETE /a HTTP/1.0\r\nA: 1\r\n" END, OK},
    {"no field in 1.0", "GET /a HTTP/1.0\r\n" END, OK},
    {"two request ids", REQUEST HOST "X-Request-Id: a\r\nX-Request-Id: b\r\n" END, OK},
    {"names that only look like framing", REQUEST HOST "X-Content-Length: 1\r\nContent-Lengths: 2\r\n" END,
     OK},
    {"a list field twice", REQUEST HOST "Accept: a\r\nAccept: b\r\n" END, OK},

    /* RFC 9112 section 6.3: what would be taken for another length by somebody else */
    {"length and chunked", REQUEST HOST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n" END, BAD},
    {"identity, chunked", REQUEST HOST "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n" END,
     BAD},
    {"chunked in disguise", REQUEST HOST "transfer-encoding: xchunked\r\n" END, BAD},
    {"an empty coding", REQUEST HOST "Transfer-Encoding:\r\n" END, BAD},
    {"chunked behind a blank", REQUEST HOST "Transfer-Encoding : chunked\r\n" END, BAD},
    {"two lengths", REQUEST HOST "Content-Length: 3\r\nContent-Length: 5\r\n" END, BAD},
    {"the same length twice", REQUEST HOST "Content-Length: 3\r\ncontent-length: 3\r\n" END, BAD},
    {"length 3abc", REQUEST HOST "Content-Length: 3abc\r\n" END, BAD},
    {"length +3", REQUEST HOST "Content-Length: +3\r\n" END, BAD},
    {"length -1", REQUEST HOST "Content-Length: -1\r\n" END, BAD},
    {"length 3, 3", REQUEST HOST "Content-Length: 3, 3\r\n" END, BAD},
    {"length 0x3", REQUEST HOST "Content-Length: 0x3\r\n" END, BAD},
    {"length 3 3", REQUEST HOST "Content-Length: 3 3\r\n" END, BAD},
    {"length 1e3", REQUEST HOST "Content-Length: 1e3\r\n" END, BAD},
    {"an empty length", REQUEST HOST "Content-Length:\r\n" END, BAD},
    {"a length without end", REQUEST HOST "Content-Length: 99999999999999999999999\r\n" END, BAD},
    {"a length of 11 digits", REQUEST HOST "Content-Length: 00000000003\r\n" END, BAD},
    {"a blank before the colon", REQUEST HOST "Content-Length : 3\r\n" END, BAD},

    /* what hides a field from one reader and not from another */
    {"a line that starts with ':'", REQUEST HOST ": x\r\nContent-Length: 30\r\n" END, BAD},
    {"a folded line", REQUEST HOST "A: 1\r\n 2\r\nContent-Length: 30\r\n" END, BAD},
    {"a folded line with a tab", REQUEST HOST "A: 1\r\n\t2\r\n" END, BAD},
    {"a folded first line", REQUEST " A: 1\r\n" HOST END, BAD},
    {"an 8-bit byte starts a name", REQUEST HOST "\xC3\xA9: 1\r\nContent-Length: 30\r\n" END, BAD},

    /* line ends */
    {"bare LF behind the request line", "DELETE /a HTTP/1.1\n" HOST END, BAD},
    {"bare LF behind a field", REQUEST "Host: h\nA: 1\r\n" END, BAD},
    {"bare LF behind the last field", REQUEST "Host: h\r\nA: 1\n" END, BAD},
    {"bare LF everywhere", "DELETE /a HTTP/1.1\nHost: h\n\n", BAD},
    {"bare LF at the end", REQUEST "Host: h\r\n\n", BAD},
    {"an empty line before the fields", REQUEST "\r\n" HOST END, BAD},

    /* the request line */
    {"two blanks before the target", "DELETE  /a HTTP/1.1\r\n" HOST END, BAD},
    {"two blanks before the version", "DELETE /a  HTTP/1.1\r\n" HOST END, BAD},
    {"two blanks behind a query", "DELETE /a?b  HTTP/1.1\r\n" HOST END, BAD},
    {"a tab in the request line", "DELETE /a \tHTTP/1.1\r\n" HOST END, BAD},
    {"blanks behind the version", "DELETE /a HTTP/1.1\r\n  " HOST END, BAD},

    /* names */
    {"a comma in a name", REQUEST HOST "A,B: 1\r\n" END, BAD},
    {"a bracket in a name", REQUEST HOST "A[: 1\r\n" END, BAD},
    {"a slash in a name", REQUEST HOST "A/B: 1\r\n" END, BAD},

    /* what comes once */
    {"no Host", REQUEST "A: 1\r\n" END, BAD},
    {"two Hosts", REQUEST HOST "HOST: other\r\n" END, BAD},
    {"two Authorizations", REQUEST HOST "Authorization: Bearer a\r\nAuthorization: Bearer b\r\n" END, BAD},
    {"two media types", REQUEST HOST "Content-Type: a/b\r\nContent-Type: a/b\r\n" END, BAD},
    {"two codings", REQUEST HOST "Content-Encoding: a\r\nContent-Encoding: a\r\n" END, BAD},
    {"two expectations", REQUEST HOST "Expect: 100-continue\r\nExpect: 100-continue\r\n" END, BAD},
    {"no field at all", REQUEST END, BAD},

    /* RFC 3875 section 4.1.18, and who reads it so */
    {"Content_Length", REQUEST HOST "Content_Length: 3\r\n" END, BAD},
    {"Transfer_Encoding", REQUEST HOST "Transfer_Encoding: chunked\r\n" END, BAD},
    {"TransferEncoding", REQUEST HOST "transferencoding: chunked\r\n" END, BAD},
    {"Content.Length", REQUEST HOST "Content.Length: 3\r\n" END, BAD},
    {"-Content-Length", REQUEST HOST "-Content-Length: 3\r\n" END, BAD},
    {"Content-Length!", REQUEST HOST "Content-Length!: 3\r\n" END, BAD},

    {"a length in 1.0 and chunked", "DELETE /a HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n" END, BAD},
    {"chunked twice", REQUEST HOST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n" END, BAD},
    {"chunked, chunked", REQUEST HOST "Transfer-Encoding: chunked, chunked\r\n" END, BAD},
    {"gzip, chunked", REQUEST HOST "Transfer-Encoding: gzip, chunked\r\n" END, BAD},

    /* RFC 9112 section 3.2 */
    {"another host in the target", "DELETE http://i/a HTTP/1.1\r\n" HOST END, BAD},
    {"another port in the target", "DELETE http://h:1/a HTTP/1.1\r\n" HOST END, BAD},
    {"a user in the target", "DELETE http://u@h/a HTTP/1.1\r\n" HOST END, BAD},
    {"another scheme", "DELETE ftp://h/a HTTP/1.1\r\n" HOST END, BAD},
    {"an absolute target without a host", "DELETE http:///a HTTP/1.1\r\n" HOST END, BAD},
    {"a target that is an authority", "CONNECT h:443 HTTP/1.1\r\n" HOST END, BAD},
    {"the server, by another method", "GET * HTTP/1.1\r\n" HOST END, BAD},
    {"a fragment", "DELETE /a#b HTTP/1.1\r\n" HOST END, BAD},
    {"a raw character", "DELETE /a\xC3\xA9 HTTP/1.1\r\n" HOST END, BAD},
    {"no target", "DELETE HTTP/1.1\r\n" HOST END, BAD},
    {"no version", "DELETE /a\r\n" HOST END, BAD},
    {"a method in lower case", "delete /a HTTP/1.1\r\n" HOST END, BAD},
    {"a method of nobody", "FOO /a HTTP/1.1\r\n" HOST END, METHOD},
    {"a version in lower case", "DELETE /a http/1.1\r\n" HOST END, BAD},
    {"1.10", "DELETE /a HTTP/1.10\r\n" HOST END, BAD},
    {"2.0", "DELETE /a HTTP/2.0\r\n" HOST END, VERSION},
    {"1.2", "DELETE /a HTTP/1.2\r\n" HOST END, VERSION},
    {"0.9", "DELETE /a HTTP/0.9\r\n" HOST END, VERSION},
    {"two empty lines before it", "\r\n\r\n" REQUEST HOST END, BAD},
    {"a control character", REQUEST HOST "A: \x01\r\n" END, BAD},
    {"DEL", REQUEST HOST "A: \x7F\r\n" END, BAD},
    {"CR in a value", REQUEST HOST "A: b\rc\r\n" END, BAD},
    {"no colon", REQUEST HOST "A\r\n" END, BAD},

    {"another expectation", REQUEST HOST "Expect: 200-ok\r\n" END, EXPECT},
    {"two in one", REQUEST HOST "Expect: 100-continue, x\r\n" END, EXPECT},
    {"an empty expectation", REQUEST HOST "Expect:\r\n" END, EXPECT},
};
/* clang-format on */

static void table(void **state)
{
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char first[sizeof(struct err)] = "";
        for (size_t cut = 0; cut <= strlen(rows[i].text); cut++) {
            struct reading reading;
            read_pieces(&reading, rows[i].text, strlen(rows[i].text), cut);
            wrong += unit_wrong(rows[i].name, reading.head.problem == rows[i].problem);
            wrong +=
                unit_wrong(rows[i].name, reading.state == (rows[i].problem == OK ? REQUEST_HEAD_WHOLE
                                                                                 : REQUEST_HEAD_REFUSED));
            wrong += unit_wrong(rows[i].name, (reading.head.err.kind == ERR_NONE) == (rows[i].problem == OK));
            if (cut == 0)
                memcpy(first, reading.head.err.text, sizeof reading.head.err.text);
            wrong += unit_differs(rows[i].name, first, reading.head.err.text); /* however it is cut */
            if (rows[i].problem == OK)
                wrong += unit_wrong(rows[i].name, reading.head.length == strlen(rows[i].text));
            reading_done(&reading);
        }
    }
    assert_int_equal(wrong, 0);
}

/* One byte at a time, and another request behind it that is not looked at. */
static void a_head_ends_where_it_ends(void **state)
{
    static const char text[] = REQUEST HOST "A: b\r\n" END "DELETE /b HTTP/1.1\n\n";
    size_t head_length = sizeof REQUEST HOST "A: b\r\n" END - 1;
    struct request_head head;
    char bytes[sizeof text];
    (void)state;
    request_head_begin(&head);
    for (size_t length = 0; length < head_length; length++) {
        memcpy(bytes, length == 0 ? text : bytes, length);
        if (length > 0)
            bytes[length - 1] = text[length - 1];
        assert_int_equal(request_head_read(&head, bytes, length), REQUEST_HEAD_PART);
    }
    memcpy(bytes + head_length - 1, text + head_length - 1, sizeof text - head_length + 1);
    assert_int_equal(request_head_read(&head, bytes, sizeof text - 1), REQUEST_HEAD_WHOLE);
    assert_int_equal(head.length, head_length);
    assert_string_equal(head.method, "DELETE");
    assert_string_equal(head.target, "/a");
    assert_string_equal(request_head_field(&head, "a"), "b");
    assert_memory_equal(bytes + head_length, text + head_length, sizeof text - head_length);
}

static char *with_fields(size_t count, size_t last)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    (void)fputs(REQUEST HOST, out);
    for (size_t i = 1; i < count; i++)
        (void)fprintf(out, "F%zu: %zu\r\n", i, i);
    if (last > 0)
        (void)fprintf(out, "L: %0*d\r\n", (int)last, 0);
    (void)fputs(END, out);
    (void)fclose(out);
    return text;
}

static void fields_are_counted(void **state)
{
    (void)state;
    for (size_t count = 100; count <= 140; count++) {
        struct reading reading;
        char *text = with_fields(count, 0);
        read_text(&reading, text);
        assert_int_equal(reading.head.problem,
                         count <= REQUEST_HEAD_FIELDS_MAX ? PROBLEM_NONE : PROBLEM_HEADER_TOO_LARGE);
        reading_done(&reading);
        free(text);
    }
}

/* To the byte, and whatever stands behind. */
static void a_head_has_a_size(void **state)
{
    size_t around = sizeof REQUEST HOST "L: \r\n" END - 1;
    (void)state;
    for (size_t length = REQUEST_HEAD_MAX - 3; length <= REQUEST_HEAD_MAX + 3; length++)
        for (size_t cut = REQUEST_HEAD_MAX - 4; cut <= length; cut++) {
            struct reading reading;
            char *text = with_fields(1, length - around);
            assert_int_equal(strlen(text), length);
            read_pieces(&reading, text, length, cut);
            assert_int_equal(reading.head.problem,
                             length <= REQUEST_HEAD_MAX ? PROBLEM_NONE : PROBLEM_HEADER_TOO_LARGE);
            reading_done(&reading);
            free(text);
        }
}

static void a_request_line_has_a_size(void **state)
{
    struct reading reading;
    static char text[REQUEST_HEAD_MAX + 1000] = "GET /";
    (void)state;
    memset(text + 5, 'a', sizeof text - 6);
    read_text(&reading, text);
    assert_int_equal(reading.head.problem, PROBLEM_TARGET_TOO_LONG);
    reading_done(&reading);
    memset(text, 'A', sizeof text - 1); /* a method of that length is none */
    read_text(&reading, text);
    assert_int_equal(reading.head.problem, PROBLEM_MALFORMED_REQUEST);
    reading_done(&reading);
}

static void what_the_request_line_says(void **state)
{
    /* clang-format off */
    static const struct {
        const char *text, *method, *target, *query, *host;
        unsigned minor;
    } lines[] = {
        {"GET /a HTTP/1.1\r\n" HOST END, "GET", "/a", NULL, "h", 1},
        {"GET /a? HTTP/1.1\r\n" HOST END, "GET", "/a", "", "h", 1},
        {"GET /a?b?c HTTP/1.0\r\n" END, "GET", "/a", "b?c", NULL, 0},
        {"GET http://h/a?b HTTP/1.1\r\n" HOST END, "GET", "/a", "b", "h", 1},
        {"GET http://h HTTP/1.1\r\n" HOST END, "GET", "/", NULL, "h", 1},
        {"GET http://h?b HTTP/1.1\r\n" HOST END, "GET", "/", "b", "h", 1},
        {"OPTIONS http://h:80 HTTP/1.1\r\nHost:h:80\r\n" END, "OPTIONS", "*", NULL, "h:80", 1},
        {"OPTIONS http://h/ HTTP/1.1\r\n" HOST END, "OPTIONS", "/", NULL, "h", 1},
        {"OPTIONS * HTTP/1.1\r\n" HOST END, "OPTIONS", "*", NULL, "h", 1},
        {"GET //h/a HTTP/1.1\r\n" HOST END, "GET", "//h/a", NULL, "h", 1},
    };
    /* clang-format on */
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(lines); i++) {
        struct reading reading;
        read_text(&reading, lines[i].text);
        wrong += unit_wrong(lines[i].text, reading.state == REQUEST_HEAD_WHOLE);
        wrong += unit_differs(lines[i].text, lines[i].method, reading.head.method);
        wrong += unit_differs(lines[i].text, lines[i].target, reading.head.target);
        wrong += unit_differs(lines[i].text, lines[i].query, reading.head.query);
        wrong += unit_differs(lines[i].text, lines[i].host, reading.head.host);
        wrong += unit_wrong(lines[i].text, reading.head.minor == lines[i].minor);
        reading_done(&reading);
    }
    assert_int_equal(wrong, 0);
}

/* What a caller who made a mistake needs to read. */
static void sentences(void **state)
{
    /* clang-format off */
    static const struct {
        const char *text, *part;
    } said[] = {
        {"delete /a HTTP/1.1\r\n" HOST END, "upper case: DELETE"},
        {"GET /a?n=\xC3\xA9t\xC3\xA9 HTTP/1.1\r\n" HOST END, "write it as %C3%A9"},
        {"GET /a\xFF HTTP/1.1\r\n" HOST END, "write it as %FF"},
        {"GET /a#b HTTP/1.1\r\n" HOST END, "fragment"},
        {"GET /a\r\n" HOST END, "no HTTP version"},
        {"GET  /a HTTP/1.1\r\n" HOST END, "more than one blank"},
        {"GET /a b HTTP/1.1\r\n" HOST END, "more than two blanks"},
        {"GET\t/a HTTP/1.1\r\n" HOST END, "a method and one blank"},
        {REQUEST HOST "A : b\r\n" END, "a blank before its ':'"},
        {REQUEST HOST "A\r\n" END, "no ':'"},
        {REQUEST HOST " A: b\r\n" END, "begins with a blank"},
        {REQUEST HOST "A: b\n" END, "LF without CR"},
        {REQUEST HOST "Content_Length: 1\r\n" END, "Content_Length could be taken for another"},
        {REQUEST HOST HOST END, "Host is there twice"},
        {REQUEST "A: b\r\n" END, "Host field is missing"},
        {REQUEST HOST "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n" END, "contradict"},
    };
    /* clang-format on */
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(said); i++) {
        struct reading reading;
        read_text(&reading, said[i].text);
        if (strstr(reading.head.err.text, said[i].part) == NULL)
            wrong += unit_differs(said[i].text, said[i].part, reading.head.err.text);
        reading_done(&reading);
    }
    assert_int_equal(wrong, 0);
}

static void what_the_fields_say(void **state)
{
    /* clang-format off */
    static const struct {
        const char *text;
        struct request_message message;
    } said[] = {
        {REQUEST HOST END, {.keep_alive = true}},
        {REQUEST HOST "Content-Length: 65536\r\n" END, {65536, true, false, true, false}},
        {REQUEST HOST "Content-Length: 0\r\n" END, {0, true, false, true, false}},
        {REQUEST HOST "Content-Length: 007 \r\n" END, {7, true, false, true, false}},
        {REQUEST HOST "Content-Length: 9999999999\r\n" END, {9999999999, true, false, true, false}},
        {REQUEST HOST "Connection: close\r\n" END, {.keep_alive = false}},
        {REQUEST HOST "Connection: Keep-Alive\r\n" END, {.keep_alive = true}},
        {REQUEST HOST "Connection: foo\r\n" END, {.keep_alive = true}},
        {REQUEST HOST "Connection: Upgrade\r\n" END, {.keep_alive = false}},
        {REQUEST HOST "Connection: keep-alive\r\nConnection: close\r\n" END, {.keep_alive = false}},
        {REQUEST HOST "Transfer-Encoding: chunked\r\n" END, {.chunked = true, .keep_alive = true}},
        {REQUEST HOST "Connection: foo, keep-alive\r\n" END, {.keep_alive = true}},
        {REQUEST HOST "Connection: keep-alive, close\r\n" END, {.keep_alive = false}},
        {REQUEST HOST "Connection: closer\r\n" END, {.keep_alive = true}},
        {"DELETE /a HTTP/1.0\r\n" HOST END, {.keep_alive = false}},
        {"DELETE /a HTTP/1.0\r\n" HOST "Connection: keep-alive\r\n" END, {.keep_alive = false}},
        {REQUEST HOST "Expect: 100-continue\r\n" END, {.keep_alive = true, .expects_invitation = true}},
        {"DELETE /a HTTP/1.0\r\n" HOST "Expect: 100-continue\r\n" END,
         {.keep_alive = false}}, /* RFC 9110 10.1.1 */
    };
    /* clang-format on */
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(said); i++) {
        struct reading reading;
        read_text(&reading, said[i].text);
        const struct request_message *message = &reading.head.message;
        wrong += unit_wrong(said[i].text, reading.state == REQUEST_HEAD_WHOLE);
        wrong += unit_wrong(said[i].text, message->content_length == said[i].message.content_length);
        wrong += unit_wrong(said[i].text, message->has_length == said[i].message.has_length);
        wrong += unit_wrong(said[i].text, message->chunked == said[i].message.chunked);
        wrong += unit_wrong(said[i].text, message->keep_alive == said[i].message.keep_alive);
        wrong += unit_wrong(said[i].text, message->expects_invitation == said[i].message.expects_invitation);
        reading_done(&reading);
    }
    assert_int_equal(wrong, 0);
}

static void fields_are_found_whatever_their_case(void **state)
{
    struct reading reading;
    (void)state;
    read_text(&reading, REQUEST "HOST: h\r\nx-Request-ID: 7\r\nA: 1\r\na: 2\r\n" END);
    assert_string_equal(request_head_field(&reading.head, "Host"), "h");
    assert_string_equal(request_head_field(&reading.head, "X-Request-Id"), "7");
    assert_string_equal(request_head_field(&reading.head, "A"), "1");
    assert_string_equal(request_head_only_field(&reading.head, "X-Request-Id"), "7");
    assert_null(request_head_only_field(&reading.head, "A"));
    assert_null(request_head_field(&reading.head, "X-Request"));
    reading_done(&reading);
}

int main(void)
{
    /* clang-format off */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table),
        cmocka_unit_test(a_head_ends_where_it_ends),
        cmocka_unit_test(fields_are_counted),
        cmocka_unit_test(a_head_has_a_size),
        cmocka_unit_test(a_request_line_has_a_size),
        cmocka_unit_test(what_the_request_line_says),
        cmocka_unit_test(what_the_fields_say),
        cmocka_unit_test(sentences),
        cmocka_unit_test(fields_are_found_whatever_their_case),
    };
    /* clang-format on */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
