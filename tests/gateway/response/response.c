/* Answers as bytes, and what RFC 9112 makes of them, however they are cut into pieces. */
#include "gateway/response/response.h"

#include "tests/unit.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

enum { BODY_MAX = 32 };

#define READ(here, there, code, text)                                                                        \
    .state = here, .ended = there, .status = (code), .body = (text), .length = sizeof(text) - 1
#define WHOLE(code, text)     READ(RESPONSE_WHOLE, RESPONSE_WHOLE, code, text)
#define MORE(code, text)      READ(RESPONSE_MORE, RESPONSE_BROKEN, code, text)
#define UNTIL_END(code, text) READ(RESPONSE_MORE, RESPONSE_WHOLE, code, text)
#define TOO_LARGE             READ(RESPONSE_TOO_LARGE, RESPONSE_TOO_LARGE, 0, "")
#define BROKEN                READ(RESPONSE_BROKEN, RESPONSE_BROKEN, 0, "")
#define KEPT                  .keeps = true

#define TEXT(text) (text), sizeof(text) - 1
#define OK         "HTTP/1.1 200 OK\r\n"
#define LENGTH(n)  "Content-Length: " #n "\r\n"
#define CHUNKED    "Transfer-Encoding: chunked\r\n"
#define CLOSE      "Connection: close\r\n"
#define END        "\r\n"
#define LAST       "0\r\n\r\n"
#define FULL       "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" /* BODY_MAX bytes */
#define ONE        OK LENGTH(1) END "x"               /* the whole of an answer */

struct row {
    const char *name, *text;
    size_t size;
    enum response_state state, ended; /* after the bytes, and after the end of the connection */
    int status;
    const char *body;
    size_t length;
    bool keeps;
    size_t left; /* bytes at the end that belong to the next answer */
    size_t fill; /* the '@' of the text stands for so many letters */
};

/* clang-format off */
static const struct row rows[] = {
    /* RFC 9112 section 4: the status line */
    {"as usual", TEXT(OK LENGTH(2) END "{}"), WHOLE(200, "{}"), KEPT},
    {"another status", TEXT("HTTP/1.1 599 X\r\n" LENGTH(0) END), WHOLE(599, ""), KEPT},
    {"an empty reason", TEXT("HTTP/1.1 200 \r\n" LENGTH(0) END), WHOLE(200, ""), KEPT},
    {"no reason", TEXT("HTTP/1.1 200\r\n" LENGTH(0) END), WHOLE(200, ""), KEPT},
    {"a long reason", TEXT("HTTP/1.1 404 not\there \xC3\xA9\r\n" LENGTH(0) END), WHOLE(404, ""), KEPT},
    {"a number as a reason", TEXT("HTTP/1.1 200 500\r\n" LENGTH(0) END), WHOLE(200, ""), KEPT},
    {"version 1.0", TEXT("HTTP/1.0 200 OK\r\n" LENGTH(1) END "x"), WHOLE(200, "x")},
    {"version 1.0 that keeps", TEXT("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n" LENGTH(1) END "x"),
     WHOLE(200, "x")},
    {"version 1.2", TEXT("HTTP/1.2 200 OK\r\n" LENGTH(0) END), BROKEN},
    {"version 2.0", TEXT("HTTP/2.0 200 OK\r\n" LENGTH(0) END), BROKEN},
    {"version 2", TEXT("HTTP/2 200\r\n" LENGTH(0) END), BROKEN},
    {"version 0.9", TEXT("HTTP/0.9 200 OK\r\n" LENGTH(0) END), BROKEN},
    {"version 1.10", TEXT("HTTP/1.10 200 OK\r\n" LENGTH(0) END), BROKEN},
    {"another case", TEXT("http/1.1 200 OK\r\n" LENGTH(0) END), BROKEN},
    {"another protocol", TEXT("ICY 200 OK\r\n" LENGTH(0) END), BROKEN},
    {"no status line", TEXT("<html>\r\n"), BROKEN},
    {"no status", TEXT("HTTP/1.1 \r\n"), BROKEN},
    {"status of two digits", TEXT("HTTP/1.1 20 OK\r\n"), BROKEN},
    {"status of four digits", TEXT("HTTP/1.1 2000 OK\r\n"), BROKEN},
    {"status with a letter", TEXT("HTTP/1.1 20x OK\r\n"), BROKEN},
    {"status below 100", TEXT("HTTP/1.1 099 OK\r\n"), BROKEN}, /* RFC 9110 section 15 */
    {"status above 599", TEXT("HTTP/1.1 600 OK\r\n"), BROKEN},
    {"two blanks before the status", TEXT("HTTP/1.1  200 OK\r\n"), BROKEN},
    {"a tab before the status", TEXT("HTTP/1.1\t200 OK\r\n"), BROKEN},
    {"a tab behind the status", TEXT("HTTP/1.1 200\tOK\r\n"), BROKEN},
    {"a blank in front", TEXT(" " OK LENGTH(0) END), BROKEN},
    {"an empty line in front", TEXT(END OK LENGTH(0) END), BROKEN},

    /* Section 2.2: lines */
    {"bare LF behind the status", TEXT("HTTP/1.1 200 OK\n" LENGTH(0) END), BROKEN},
    {"bare LF behind a field", TEXT(OK "A: 1\n" LENGTH(0) END), BROKEN},
    {"bare LF at the end", TEXT(OK LENGTH(0) "\n"), BROKEN},
    {"bare CR in a value", TEXT(OK "A: 1\r2\r\n" LENGTH(0) END), BROKEN},
    {"bare CR in the reason", TEXT("HTTP/1.1 200 O\rK\r\n" LENGTH(0) END), BROKEN},
    {"two CR", TEXT(OK LENGTH(0) "\r\r\n"), BROKEN},
    {"NUL in a value", TEXT(OK "A: 1\0002\r\n" LENGTH(0) END), BROKEN},
    {"NUL in a name", TEXT(OK "A\0: 1\r\n" LENGTH(0) END), BROKEN},
    {"NUL in the reason", TEXT("HTTP/1.1 200 \0\r\n" LENGTH(0) END), BROKEN},

    /* Section 5: fields */
    {"8-bit bytes in a value", TEXT(OK "A: \xC3\xA9\xFF\r\n" LENGTH(0) END), WHOLE(200, ""), KEPT},
    {"no blank, no value", TEXT(OK "A:\r\nContent-Length:0\r\n" END), WHOLE(200, ""), KEPT},
    {"a colon in a value", TEXT(OK "A: b:c\r\n" LENGTH(0) END), WHOLE(200, ""), KEPT},
    {"a folded line", TEXT(OK "A: 1\r\n 2\r\n" LENGTH(0) END), BROKEN},
    {"a folded line with a tab", TEXT(OK "A: 1\r\n\t2: 3\r\n" LENGTH(0) END), BROKEN},
    {"a folded first line", TEXT(OK " A: 1\r\n" LENGTH(0) END), BROKEN},
    {"a blank before the colon", TEXT(OK "Content-Length : 0\r\n" END), BROKEN},
    {"no colon", TEXT(OK "A\r\n" LENGTH(0) END), BROKEN},
    {"no name", TEXT(OK ": 1\r\n" LENGTH(0) END), BROKEN},

    /* RFC 9110 section 15.2: interim answers */
    {"100 first", TEXT("HTTP/1.1 100 Continue\r\n\r\n" ONE), WHOLE(200, "x"), KEPT},
    {"three first",
     TEXT("HTTP/1.1 100\r\n\r\nHTTP/1.1 103 Early\r\nLink: a\r\n\r\nHTTP/1.0 199 X\r\n\r\n" ONE),
     WHOLE(200, "x"), KEPT},
    {"what 100 says is not said of 200",
     TEXT("HTTP/1.1 100 C\r\n" CLOSE LENGTH(9) CHUNKED END ONE), WHOLE(200, "x"), KEPT},
    {"100 and no more", TEXT("HTTP/1.1 100 Continue\r\n\r\n"), MORE(100, "")},
    {"101, which nobody asked for", TEXT("HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n"), BROKEN},
    {"101 behind 100", TEXT("HTTP/1.1 100 C\r\n\r\nHTTP/1.1 101 S\r\n\r\n"), BROKEN},
    {"a body behind 100", TEXT("HTTP/1.1 100 C\r\n" LENGTH(2) END "{}" ONE), BROKEN},

    /* Section 6.3 rule 1: no body, whatever they say; none is kept, as others may believe them */
    {"204", TEXT("HTTP/1.1 204 No Content\r\n\r\n"), WHOLE(204, "")},
    {"304", TEXT("HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n\r\n"), WHOLE(304, "")},
    {"204 with a length of none", TEXT("HTTP/1.1 204 No Content\r\n" LENGTH(0) END), WHOLE(204, "")},
    {"204 with a length, which it must not have", TEXT("HTTP/1.1 204 N\r\n" LENGTH(1) END "x"),
     WHOLE(204, ""),
     .left = 1},
    {"204 with chunks", TEXT("HTTP/1.1 204 N\r\n" CHUNKED END LAST), WHOLE(204, ""), .left = 5},
    {"304 with the length of another", TEXT("HTTP/1.1 304 N\r\n" LENGTH(99) END), WHOLE(304, "")},
    {"205 has one", TEXT("HTTP/1.1 205 R\r\n" LENGTH(0) END), WHOLE(205, ""), KEPT},

    /* Rule 6: a length */
    {"no bytes", TEXT(OK LENGTH(0) END), WHOLE(200, ""), KEPT},
    {"too few bytes", TEXT(OK LENGTH(3) END "{}"), MORE(200, "{}")},
    {"none of the bytes", TEXT(OK LENGTH(3) END), MORE(200, "")},
    {"a byte more", TEXT(OK LENGTH(2) END "{}x"), WHOLE(200, "{}"), KEPT, .left = 1},
    {"another answer", TEXT(ONE ONE), WHOLE(200, "x"), KEPT, .left = sizeof ONE - 1},
    {"an empty one, and another answer", TEXT(OK LENGTH(0) END ONE), WHOLE(200, ""), KEPT,
     .left = sizeof ONE - 1},
    {"NUL, CR and LF in a body", TEXT(OK LENGTH(4) END "\n\r\0x"), WHOLE(200, "\n\r\0x"), KEPT},
    {"as much as may be", TEXT(OK LENGTH(32) END "@"), WHOLE(200, FULL), KEPT, .fill = BODY_MAX},
    {"more than may be", TEXT(OK LENGTH(33) END), TOO_LARGE},
    {"far more than may be", TEXT(OK LENGTH(99999999999999999999999) END), TOO_LARGE},
    {"it closes", TEXT(OK CLOSE LENGTH(1) END "x"), WHOLE(200, "x")},
    {"it closes, among others", TEXT(OK "Connection: keep-alive , CLOSE\r\n" LENGTH(1) END "x"),
     WHOLE(200, "x")},
    {"a length twice", TEXT(OK LENGTH(1) LENGTH(1) END "x"), WHOLE(200, "x")},
    {"two lengths", TEXT(OK LENGTH(1) LENGTH(2) END "x"), BROKEN},
    {"a list of lengths", TEXT(OK "Content-Length: 1, 1\r\n" END "x"), BROKEN},
    {"a negative length", TEXT(OK LENGTH(-1) END), BROKEN},
    {"a length that is hexadecimal", TEXT(OK LENGTH(0x1) END "x"), BROKEN},

    /* Rule 8: until the end of the connection */
    {"until the end", TEXT(OK END "{}"), UNTIL_END(200, "{}")},
    {"nothing until the end", TEXT(OK END), UNTIL_END(200, "")},
    {"until the end in 1.0", TEXT("HTTP/1.0 200 OK\r\n\r\n{}\r\n"), UNTIL_END(200, "{}\r\n")},
    {"what looks like another answer", TEXT(OK END "a\r\n" OK), UNTIL_END(200, "a\r\n" OK)},
    {"as much as may be until the end", TEXT(OK END "@"), UNTIL_END(200, FULL), .fill = BODY_MAX},
    {"more than may be until the end", TEXT(OK END "@"), TOO_LARGE, .fill = BODY_MAX + 1},
    {"nothing at all", TEXT(""), MORE(0, "")},
    {"a part of the status line", TEXT("HTTP/1.1 2"), MORE(0, "")},
    {"a part of the header", TEXT(OK LENGTH(0)), MORE(200, "")},
    {"a part of a field", TEXT(OK "A: "), MORE(200, "")},

    /* Rule 4 and section 7.1: chunks */
    {"no chunk", TEXT(OK CHUNKED END LAST), WHOLE(200, ""), KEPT},
    {"one chunk", TEXT(OK CHUNKED END "2\r\n{}\r\n" LAST), WHOLE(200, "{}"), KEPT},
    {"three chunks", TEXT(OK CHUNKED END "1\r\na\r\n0B\r\n01234567890\r\nc\r\nabcdefghijkl\r\n" LAST),
     WHOLE(200, "a01234567890abcdefghijkl"), KEPT},
    {"zeros in front", TEXT(OK CHUNKED END "0000002\r\n{}\r\n0000000\r\n\r\n"), WHOLE(200, "{}"), KEPT},
    {"another answer behind chunks", TEXT(OK CHUNKED END "2\r\n{}\r\n" LAST ONE), WHOLE(200, "{}"), KEPT,
     .left = sizeof ONE - 1},
    {"CRLF in a chunk", TEXT(OK CHUNKED END "4\r\n\r\n\r\n\r\n" LAST), WHOLE(200, "\r\n\r\n"), KEPT},
    {"extensions", TEXT(OK CHUNKED END "2;a\r\n{}\r\n0;a=b;c=\"d e\"\r\n\r\n"), WHOLE(200, "{}"), KEPT},
    {"blanks before extensions", TEXT(OK CHUNKED END "2 \t;a=b\r\n{}\r\n" LAST), WHOLE(200, "{}"), KEPT},
    {"trailers", TEXT(OK CHUNKED END "2\r\n{}\r\n0\r\nA: 1\r\nB:\r\n\r\n"), WHOLE(200, "{}"), KEPT},
    {"a trailer says nothing of the answer", TEXT(OK CHUNKED END "0\r\n" CLOSE LENGTH(1) END),
     WHOLE(200, ""), KEPT},
    {"a coding in any case", TEXT(OK "transfer-ENCODING:\tChunked \r\n" END LAST), WHOLE(200, ""), KEPT},
    {"chunks that close", TEXT(OK CLOSE CHUNKED END LAST), WHOLE(200, "")},
    {"chunks in 1.0", TEXT("HTTP/1.0 200 OK\r\n" CHUNKED END LAST), WHOLE(200, "")},
    {"a length, then chunks", TEXT(OK LENGTH(9) CHUNKED END "2\r\n{}\r\n" LAST), WHOLE(200, "{}")},
    {"chunks, then a length", TEXT(OK CHUNKED LENGTH(99) END "2\r\n{}\r\n" LAST), WHOLE(200, "{}")},
    {"no last chunk", TEXT(OK CHUNKED END "2\r\n{}\r\n"), MORE(200, "{}")},
    {"a part of a chunk", TEXT(OK CHUNKED END "3\r\n{}"), MORE(200, "{}")},
    {"a part of a chunk's end", TEXT(OK CHUNKED END "2\r\n{}\r"), MORE(200, "{}")},
    {"a part of a chunk's size", TEXT(OK CHUNKED END "2"), MORE(200, "")},
    {"no end of trailers", TEXT(OK CHUNKED END "2\r\n{}\r\n0\r\n"), MORE(200, "{}")},
    {"a part of a trailer", TEXT(OK CHUNKED END "0\r\nA: 1"), MORE(200, "")},
    {"an empty size", TEXT(OK CHUNKED END "\r\n"), BROKEN},
    {"an empty size with an extension", TEXT(OK CHUNKED END ";a\r\n"), BROKEN},
    {"a size with a sign", TEXT(OK CHUNKED END "+1\r\nx\r\n" LAST), BROKEN},
    {"a negative size", TEXT(OK CHUNKED END "-1\r\nx\r\n" LAST), BROKEN},
    {"a size with 0x", TEXT(OK CHUNKED END "0x1\r\nx\r\n" LAST), BROKEN},
    {"a size that is no number", TEXT(OK CHUNKED END "g\r\n"), BROKEN},
    {"a size of eight digits", TEXT(OK CHUNKED END "00000001\r\nx\r\n" LAST), BROKEN},
    {"a blank before the size", TEXT(OK CHUNKED END " 1\r\nx\r\n" LAST), BROKEN},
    {"a blank behind the size", TEXT(OK CHUNKED END "1 \r\nx\r\n" LAST), BROKEN},
    {"two sizes", TEXT(OK CHUNKED END "1 1\r\nx\r\n" LAST), BROKEN},
    {"bare LF behind the size", TEXT(OK CHUNKED END "1\nx\r\n" LAST), BROKEN},
    {"bare CR in an extension", TEXT(OK CHUNKED END "1;a\rb\r\nx\r\n" LAST), BROKEN},
    {"NUL in an extension", TEXT(OK CHUNKED END "1;\0\r\nx\r\n" LAST), BROKEN},
    {"no CRLF behind a chunk", TEXT(OK CHUNKED END "1\r\nx" LAST), BROKEN},
    {"bare LF behind a chunk", TEXT(OK CHUNKED END "1\r\nx\n" LAST), BROKEN},
    {"a chunk that is longer than it says", TEXT(OK CHUNKED END "1\r\nxy\r\n" LAST), BROKEN},
    {"bare LF at the end of trailers", TEXT(OK CHUNKED END "0\r\n\n"), BROKEN},
    {"a trailer that is no field", TEXT(OK CHUNKED END "0\r\nHTTP/1.1 200 OK\r\n\r\n"), BROKEN},
    {"a folded trailer", TEXT(OK CHUNKED END "0\r\nA: 1\r\n 2\r\n\r\n"), BROKEN},
    {"chunks as large as may be", TEXT(OK CHUNKED END "1\r\nx\r\n1f\r\n@\r\n" LAST), WHOLE(200, FULL), KEPT,
     .fill = BODY_MAX - 1},
    {"chunks larger than may be", TEXT(OK CHUNKED END "1\r\nx\r\n20\r\n@\r\n" LAST), TOO_LARGE,
     .fill = BODY_MAX},
    {"a chunk larger than may be", TEXT(OK CHUNKED END "fffffff\r\n@"), TOO_LARGE, .fill = BODY_MAX + 1},

    /* Section 6.1: codings that nobody asked for, and chunks in chunks */
    {"another coding", TEXT(OK "Transfer-Encoding: gzip\r\n" END "x"), BROKEN},
    {"another coding and chunks", TEXT(OK "Transfer-Encoding: gzip, chunked\r\n" END LAST), BROKEN},
    {"chunked, then another coding", TEXT(OK CHUNKED "Transfer-Encoding: gzip\r\n" END LAST), BROKEN},
    {"chunked twice", TEXT(OK CHUNKED CHUNKED END LAST), BROKEN},
    {"chunked twice in one", TEXT(OK "Transfer-Encoding: chunked, chunked\r\n" END LAST), BROKEN},

    /* what has no end: the status line and "A: " CRLF have 22 bytes, "Content-Length: 0" and the end 21 */
    {"a header as large as may be", TEXT(OK "A: @\r\n" LENGTH(0) END), WHOLE(200, ""), KEPT,
     .fill = RESPONSE_HEAD_MAX - 43},
    {"a byte more of header", TEXT(OK "A: @\r\n" LENGTH(0) END), TOO_LARGE, .fill = RESPONSE_HEAD_MAX - 42},
    {"a field without end", TEXT(OK "A: @"), TOO_LARGE, .fill = RESPONSE_HEAD_MAX},
    {"a status line without end", TEXT("HTTP/1.1 200 @"), TOO_LARGE, .fill = RESPONSE_HEAD_MAX},
    {"a trailer without end", TEXT(OK CHUNKED END "0\r\nA: @"), TOO_LARGE, .fill = RESPONSE_HEAD_MAX},
    {"a chunk's line as large as may be", TEXT(OK CHUNKED END "1;@\r\nx\r\n" LAST), WHOLE(200, "x"), KEPT,
     .fill = RESPONSE_CHUNK_LINE_MAX - 4},
    {"a byte more of a chunk's line", TEXT(OK CHUNKED END "1;@\r\nx\r\n" LAST), TOO_LARGE,
     .fill = RESPONSE_CHUNK_LINE_MAX - 3},
    {"a chunk's line without end", TEXT(OK CHUNKED END "1;@"), TOO_LARGE, .fill = RESPONSE_CHUNK_LINE_MAX},
    {"a chunk's end without end", TEXT(OK CHUNKED END "1\r\nx@"), TOO_LARGE,
     .fill = RESPONSE_CHUNK_LINE_MAX + 1},
};
/* clang-format on */

/* ---- a row's bytes ---- */

struct bytes {
    char *at;
    size_t size;
};

/* What the row says, with its '@' filled. */
static struct bytes bytes_of(const struct row *row)
{
    const char *mark = row->fill == 0 ? NULL : memchr(row->text, '@', row->size);
    size_t before = mark == NULL ? row->size : (size_t)(mark - row->text);
    struct bytes bytes = {.size = row->size + row->fill - (mark != NULL)};
    bytes.at = malloc(bytes.size + 1);
    assert_non_null(bytes.at);
    memset(bytes.at, 'x', bytes.size);
    memcpy(bytes.at, row->text, before);
    if (mark != NULL)
        memcpy(bytes.at + before + row->fill, mark + 1, row->size - before - 1);
    return bytes;
}

static bool body_is(const struct buf *body, const char *expected, size_t length)
{
    return body->length == length && memmem(buf_text(body), length, expected, length) != NULL;
}

static bool is_as_said(const struct response *response, const struct row *row, size_t not_taken)
{
    if (response->state != row->state)
        return false;
    if (response->state == RESPONSE_BROKEN || response->state == RESPONSE_TOO_LARGE)
        return !response_keeps(response); /* nothing else of it matters */
    return response->status == row->status && body_is(&response->body, row->body, row->length) &&
           not_taken == row->left && response_keeps(response) == row->keeps;
}

/* The first `first` bytes at once, the rest in pieces of `step`; each where a byte too much would be seen. */
static bool reads(struct response *response, const struct row *row, struct bytes bytes, size_t first,
                  size_t step)
{
    size_t taken = 0;
    size_t piece = first;
    size_t got = first;
    response_begin(response);
    for (size_t at = 0; at < bytes.size && got == piece; at += piece) {
        piece = at == 0 ? first : step;
        piece = piece < bytes.size - at ? piece : bytes.size - at;
        char *copy = malloc(piece);
        assert_non_null(copy);
        memcpy(copy, bytes.at + at, piece);
        got = response_read(response, copy, piece);
        taken += got;
        free(copy);
    }
    bool good = is_as_said(response, row, bytes.size - taken);
    response_end(response);
    return good && response->state == row->ended && response_keeps(response) == row->keeps;
}

/* ---- the tests ---- */

static int run_row(struct response *response, const struct row *row)
{
    struct bytes bytes = bytes_of(row);
    int wrong = unit_wrong(row->name, reads(response, row, bytes, bytes.size, bytes.size));
    if (wrong == 0 && !reads(response, row, bytes, 1, 1))
        wrong = unit_wrong("byte by byte:", false) + unit_wrong(row->name, false);
    for (size_t cut = 1; cut < bytes.size && wrong == 0; cut++)
        if (!reads(response, row, bytes, cut, bytes.size))
            wrong = unit_wrong("cut in two:", false) + unit_wrong(row->name, false);
    free(bytes.at);
    return wrong;
}

/* All in one: what was left of an answer, of whatever kind, tells nothing of the next. */
static void table(void **state)
{
    struct response response;
    int wrong = 0;
    (void)state;
    response_init(&response, BODY_MAX);
    for (size_t i = 0; i < COUNT(rows); i++)
        wrong += run_row(&response, &rows[i]);
    response_done(&response);
    assert_int_equal(wrong, 0);
}

/* What is whole, or is none, takes nothing more; its end changes nothing. */
static void what_is_over_is_over(void **state)
{
    static const char *const texts[] = {ONE, OK LENGTH(33) END, "x\r\n"};
    struct response response;
    (void)state;
    response_init(&response, BODY_MAX);
    for (size_t i = 0; i < COUNT(texts); i++) {
        response_begin(&response);
        assert_int_equal(response_read(&response, texts[i], strlen(texts[i])), strlen(texts[i]));
        enum response_state over = response.state;
        assert_int_not_equal(over, RESPONSE_MORE);
        assert_int_equal(response_read(&response, "x", 1), 0);
        response_end(&response);
        assert_int_equal(response.state, over);
        assert_int_equal(response_read(&response, "x", 1), 0);
    }
    response_done(&response);
}

/* The fields of the answer, not those of a 1xx before it or a trailer behind it. */
static void fields(void **state)
{
    static const char text[] = "HTTP/1.1 103 X\r\nRetry-After: 1\r\n\r\n" OK CHUNKED
                               "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nRetry-After: 2\r\n\r\n"
                               "0\r\nRetry-After: 3\r\nDate: x\r\n\r\n";
    struct response response;
    (void)state;
    response_init(&response, BODY_MAX);
    response_begin(&response);
    assert_int_equal(response_read(&response, text, sizeof text - 1), sizeof text - 1);
    assert_int_equal(response.state, RESPONSE_WHOLE);
    assert_int_equal(response_fields_retry_after(&response.fields), 2);
    assert_true(response.fields.has_date && response.fields.date == 784111777); /* RFC 9110 section 5.6.7 */
    response_done(&response);
}

/* 1xx answers have no end of their own: that of the header is theirs, too. */
static void interim_answers_without_end(void **state)
{
    static const char text[] = "HTTP/1.1 102 X\r\n\r\n";
    struct response response;
    size_t count = 0;
    (void)state;
    response_init(&response, BODY_MAX);
    response_begin(&response);
    while (response.state == RESPONSE_MORE && count <= RESPONSE_HEAD_MAX) {
        (void)response_read(&response, text, sizeof text - 1);
        count++;
    }
    assert_int_equal(response.state, RESPONSE_TOO_LARGE);
    assert_int_equal(count, RESPONSE_HEAD_MAX / (sizeof text - 1) + 1);
    response_done(&response);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(table), cmocka_unit_test(what_is_over_is_over),
                                       cmocka_unit_test(fields),
                                       cmocka_unit_test(interim_answers_without_end)};
    (void)mallopt(M_TRIM_THRESHOLD, 1 << 24); /* else each row gives its memory back at every cut */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
