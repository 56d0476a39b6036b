/* Requests as bytes, laid out as CivetWeb 1.15 leaves them (tests/lax.h), and what is refused. */
#include "gateway/http/framing.h"

#include "tests/unit.h"

#include "tests/lax.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct lax *parse(const char *text)
{
    struct lax *parsed = lax_parse(text, strlen(text), NULL);
    if (parsed == NULL)
        fail_msg("the library would refuse: %s", text);
    return parsed;
}

/* ---- what is refused, and how ---- */

#define OK      PROBLEM_NONE
#define BAD     PROBLEM_MALFORMED_REQUEST
#define LENGTH  PROBLEM_LENGTH_REQUIRED
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
    {"a tab before a value", REQUEST "Host: \t h\r\n" END, BAD}, /* by the library: it takes no tab */
    {"blanks behind a value", REQUEST "Host: h  \r\nA: 1 \r\n" END, OK},
    {"an empty value", REQUEST HOST "A:\r\n" END, OK},
    {"an empty value at the end", REQUEST HOST "A: \r\n" END, OK},
    {"a colon in a value", REQUEST "Host: h:80\r\n" END, OK},
    {"8-bit bytes in a value", REQUEST HOST "A: \xC3\xA9\r\n" END, OK},
    {"version 1.0", "DELETE /a HTTP/1.0\r\n" HOST END, OK},
    {"100-continue", REQUEST HOST "Expect: 100-continue\r\n" END, OK},
    {"100-Continue", REQUEST HOST "Expect: 100-Continue\r\n" END, OK},
    {"a list field twice", REQUEST HOST "Accept: a\r\nAccept: b\r\n" END, OK},

    /* RFC 9112 section 6.3: what would be taken for another length by somebody else */
    {"length and chunked", REQUEST HOST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n" END, LENGTH},
    {"chunked", REQUEST HOST "Transfer-Encoding: chunked\r\n" END, LENGTH},
    {"identity, chunked", REQUEST HOST "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n" END,
     LENGTH},
    {"chunked in disguise", REQUEST HOST "transfer-encoding: xchunked\r\n" END, LENGTH},
    {"an empty coding", REQUEST HOST "Transfer-Encoding:\r\n" END, LENGTH},
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

    /* where the library stops reading fields without a word, and would take the rest for a body or a request
     */
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
    {"no Host in 1.0", "DELETE /a HTTP/1.0\r\nA: 1\r\n" END, BAD},
    {"two Hosts", REQUEST HOST "HOST: other\r\n" END, BAD},
    {"two Authorizations", REQUEST HOST "Authorization: Bearer a\r\nAuthorization: Bearer b\r\n" END, BAD},
    {"two media types", REQUEST HOST "Content-Type: a/b\r\nContent-Type: a/b\r\n" END, BAD},
    {"two codings", REQUEST HOST "Content-Encoding: a\r\nContent-Encoding: a\r\n" END, BAD},
    {"two expectations", REQUEST HOST "Expect: 100-continue\r\nExpect: 100-continue\r\n" END, BAD},
    {"two request ids", REQUEST HOST "X-Request-Id: a\r\nX-Request-Id: b\r\n" END, BAD},
    {"no field at all", REQUEST END, BAD},

    {"another expectation", REQUEST HOST "Expect: 200-ok\r\n" END, EXPECT},
    {"two in one", REQUEST HOST "Expect: 100-continue, x\r\n" END, EXPECT},
    {"an empty expectation", REQUEST HOST "Expect:\r\n" END, EXPECT},
};
/* clang-format on */

/* The stations' order: the layout first, then the blanks behind values are cut, then what the fields say. */
static enum problem judge(struct lax *parsed, struct framing_message *message, struct err *err)
{
    enum problem problem = framing_check(&parsed->framing, err);
    if (problem != PROBLEM_NONE)
        return problem;
    for (size_t i = 0; i < parsed->framing.field_count; i++) {
        char *value = parsed->bytes + (parsed->fields[i].value - parsed->bytes);
        size_t length = strlen(value);
        while (length > 0 && (value[length - 1] == ' ' || value[length - 1] == '\t'))
            value[--length] = '\0';
    }
    return framing_read(&parsed->framing, message, err);
}

static void table(void **state)
{
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct framing_message message;
        struct err err = {0};
        struct lax *parsed = lax_parse(rows[i].text, strlen(rows[i].text), NULL);
        if (parsed == NULL) { /* what the library refuses by itself never reaches us */
            wrong += unit_wrong(rows[i].name, rows[i].problem == BAD);
            continue;
        }
        enum problem problem = judge(parsed, &message, &err);
        wrong += unit_wrong(rows[i].name, problem == rows[i].problem);
        wrong +=
            unit_wrong(rows[i].name, (problem == PROBLEM_NONE) == (err.kind == ERR_NONE)); /* a sentence */
        lax_free(parsed);
    }
    assert_int_equal(wrong, 0);
}

static char *with_fields(size_t count)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    (void)fputs(REQUEST HOST, out);
    for (size_t i = 1; i < count; i++)
        (void)fprintf(out, "F%zu: %zu\r\n", i, i);
    (void)fputs(END, out);
    (void)fclose(out);
    return text;
}

/* The library drops what is beyond its 64: at 64 nobody knows whether there were more. */
static void fields_are_counted(void **state)
{
    (void)state;
    for (size_t count = 60; count <= 70; count++) {
        struct framing_message message;
        struct err err = {0};
        char *text = with_fields(count);
        struct lax *parsed = parse(text);
        enum problem problem = judge(parsed, &message, &err);
        assert_int_equal(problem, count <= FRAMING_FIELDS_MAX ? PROBLEM_NONE : PROBLEM_MALFORMED_REQUEST);
        lax_free(parsed);
        free(text);
    }
}

static void what_the_fields_say(void **state)
{
    /* clang-format off */
    static const struct {
        const char *text;
        struct framing_message message;
    } said[] = {
        {REQUEST HOST END, {.keep_alive = true}},
        {REQUEST HOST "Content-Length: 65536\r\n" END, {65536, true, true, false}},
        {REQUEST HOST "Content-Length: 0\r\n" END, {0, true, true, false}},
        {REQUEST HOST "Content-Length: 007 \r\n" END, {7, true, true, false}},
        {REQUEST HOST "Content-Length: 9999999999\r\n" END, {9999999999, true, true, false}},
        {REQUEST HOST "Connection: close\r\n" END, {.keep_alive = false}},
        {REQUEST HOST "Connection: Keep-Alive\r\n" END, {.keep_alive = true}},
        {REQUEST HOST "Connection: foo\r\n" END, {.keep_alive = false}},
        {REQUEST HOST "Connection: foo, keep-alive\r\n" END, {.keep_alive = true}},
        {REQUEST HOST "Connection: keep-alive, close\r\n" END, {.keep_alive = false}},
        {REQUEST HOST "Connection: keep-aliver\r\n" END, {.keep_alive = false}},
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
        struct framing_message message = {0};
        struct err err = {0};
        struct lax *parsed = parse(said[i].text);
        wrong += unit_wrong(said[i].text, judge(parsed, &message, &err) == PROBLEM_NONE);
        wrong += unit_wrong(said[i].text, message.content_length == said[i].message.content_length);
        wrong += unit_wrong(said[i].text, message.has_length == said[i].message.has_length);
        wrong += unit_wrong(said[i].text, message.keep_alive == said[i].message.keep_alive);
        wrong += unit_wrong(said[i].text, message.expects_invitation == said[i].message.expects_invitation);
        lax_free(parsed);
    }
    assert_int_equal(wrong, 0);
}

/* RFC 9112 section 9.3: a close in any Connection field counts. */
static void close_counts_wherever_it_stands(void **state)
{
    struct framing_message message = {0};
    struct err err = {0};
    struct lax *parsed = parse(REQUEST HOST "Connection: keep-alive\r\nConnection: close\r\n" END);
    (void)state;
    if (judge(parsed, &message, &err) == PROBLEM_NONE)
        assert_false(message.keep_alive);
    lax_free(parsed);
}

static void fields_are_found_whatever_their_case(void **state)
{
    struct lax *parsed = parse(REQUEST "HOST: h\r\nx-Request-ID: 7\r\n" END);
    (void)state;
    assert_string_equal(framing_field(&parsed->framing, "Host"), "h");
    assert_string_equal(framing_field(&parsed->framing, "X-Request-Id"), "7");
    assert_null(framing_field(&parsed->framing, "X-Request"));
    lax_free(parsed);
}

/* However the bytes come in. */
static void a_request_line_ends_in_cr_lf(void **state)
{
    static const struct {
        bool foul;
        const char *bytes;
    } lines[] = {
        {false, "GET / HTTP/1.1\r\nHost: h\r\n\r\n"},
        {false, "GET / HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/1.0\r\nHost: h\r\n\r\n"},
        {false, "GET /HTTP/1.HHTTP/1.1 HTTP/1.1\r\n"},
        {false, "HTTP/1.1 HTTP/1.1\r\n"},
        {true, "GET / HTTP/1.1\n Host: h\r\n\r\n"},
        {true, "GET / HTTP/1.1\r Host: h\r\n\r\n"},
        {true, "GET / HTTP/1.1\r\rHost: h\r\n\r\n"},
        {true, "GET / HTTP/1.1\n\rHost: h\r\n\r\n"},
        {true, "GET / HTTP/1.1\nHost: h\n\n"},
        {true, "GET / HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/1.0\n Host: h\r\n\r\n"},
    };
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(lines); i++)
        for (size_t cut = 0; cut <= strlen(lines[i].bytes); cut++) {
            struct framing_watch watch = {0};
            framing_watch(&watch, lines[i].bytes, cut);
            framing_watch(&watch, lines[i].bytes + cut, strlen(lines[i].bytes) - cut);
            wrong += unit_wrong(lines[i].bytes, watch.foul == lines[i].foul);
        }
    assert_int_equal(wrong, 0);
}

int main(void)
{
    /* clang-format off */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table),
        cmocka_unit_test(fields_are_counted),
        cmocka_unit_test(what_the_fields_say),
        cmocka_unit_test(close_counts_wherever_it_stands),
        cmocka_unit_test(fields_are_found_whatever_their_case),
        cmocka_unit_test(a_request_line_ends_in_cr_lf),
    };
    /* clang-format on */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
