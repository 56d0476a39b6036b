/* Chunked bodies, each cut at every byte and taken in pieces of any size: what is read, and what is
 * refused. */
#include "gateway/connection/chunked.h"

#include "tests/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OUT_MAX = 4096 };

/* clang-format off */
static const struct {
    const char *name, *bytes;
    const char *body; /* NULL: refused */
} rows[] = {
    {"nothing", "0\r\n\r\n", ""},
    {"one chunk", "3\r\nabc\r\n0\r\n\r\n", "abc"},
    {"two chunks", "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", "abcde"},
    {"hex of either case", "a\r\n0123456789\r\nB\r\n0123456789A\r\n0\r\n\r\n", "01234567890123456789A"},
    {"leading zeros", "00000003\r\nabc\r\n000\r\n\r\n", "abc"},
    {"data that look like chunks", "5\r\n0\r\n\r\n\r\n0\r\n\r\n", "0\r\n\r\n"},
    {"an extension", "3;a\r\nabc\r\n0;b=c\r\n\r\n", "abc"},
    {"extensions", "3;a=b;c=\"d\\\"\t;\";e\r\nabc\r\n0\r\n\r\n", "abc"},
    {"a trailer", "3\r\nabc\r\n0\r\nA: b\r\nC:\r\n\r\n", "abc"},

    {"no size", "\r\nabc\r\n0\r\n\r\n", NULL},
    {"a size with a sign", "+3\r\nabc\r\n0\r\n\r\n", NULL},
    {"a size below zero", "-3\r\nabc\r\n0\r\n\r\n", NULL},
    {"a size with 0x", "0x3\r\nabc\r\n0\r\n\r\n", NULL},
    {"a size with an underscore", "0_3\r\nabc\r\n0\r\n\r\n", NULL},
    {"a size that is no number", "g\r\nabc\r\n0\r\n\r\n", NULL},
    {"a size of nine digits", "000000003\r\nabc\r\n0\r\n\r\n", NULL},
    {"a size beyond 64 bits", "10000000000000003\r\nabc\r\n0\r\n\r\n", NULL},
    {"a blank before a size", " 3\r\nabc\r\n0\r\n\r\n", NULL},
    {"a blank behind a size", "3 \r\nabc\r\n0\r\n\r\n", NULL},
    {"a tab behind a size", "3\t\r\nabc\r\n0\r\n\r\n", NULL},
    {"LF behind a size", "3\nabc\r\n0\r\n\r\n", NULL},
    {"CR behind a size", "3\rabc\r\n0\r\n\r\n", NULL},
    {"data longer than the size", "1\r\nabc\r\n0\r\n\r\n", NULL},
    {"data shorter than the size", "4\r\nabc\r\n0\r\n\r\n", NULL},
    {"LF behind data", "3\r\nabc\n0\r\n\r\n", NULL},
    {"nothing behind data", "3\r\nabc0\r\n\r\n", NULL},
    {"two octets that are no CR LF", "3\r\nabcXY0\r\n\r\n", NULL},
    {"an empty extension", "3;\r\nabc\r\n0\r\n\r\n", NULL},
    {"an extension without a name", "3;=b\r\nabc\r\n0\r\n\r\n", NULL},
    {"an extension without a value", "3;a=\r\nabc\r\n0\r\n\r\n", NULL},
    {"a blank before an extension", "3 ;a\r\nabc\r\n0\r\n\r\n", NULL},
    {"a blank in an extension", "3; a\r\nabc\r\n0\r\n\r\n", NULL},
    {"LF in an extension", "3;a\nabc\r\n0\r\n\r\n", NULL},
    {"LF in an extension's quotes", "3;a=\"\n\"\r\nabc\r\n0\r\n\r\n", NULL},
    {"CR in an extension", "3;a\rX\r\nabc\r\n0\r\n\r\n", NULL},
    {"NUL in an extension", "3;a=\"\x01\"\r\nabc\r\n0\r\n\r\n", NULL},
    {"quotes without an end", "3;a=\"b\r\nabc\r\n0\r\n\r\n", NULL},
    {"something behind quotes", "3;a=\"b\"c\r\nabc\r\n0\r\n\r\n", NULL},
    {"LF at the end", "3\r\nabc\r\n0\r\n\n", NULL},
    {"LF behind the last size", "3\r\nabc\r\n0\n\r\n", NULL},
    {"CR without LF at the end", "3\r\nabc\r\n0\r\n\rX", NULL},
    {"a trailer that is a length", "0\r\nContent-Length: 3\r\n\r\n", NULL},
    {"a trailer that is a length for some", "0\r\ncontent_length: 3\r\n\r\n", NULL},
    {"a trailer that is a coding", "0\r\nTransfer-Encoding: chunked\r\n\r\n", NULL},
    {"a trailer that is a token", "0\r\nAuthorization: Bearer a\r\n\r\n", NULL},
    {"a trailer that is a host", "0\r\nhost: a\r\n\r\n", NULL},
    {"a trailer that is a request", "0\r\nGET / HTTP/1.1\r\n\r\n", NULL},
    {"a trailer without a name", "0\r\n: a\r\n\r\n", NULL},
    {"a trailer without a colon", "0\r\na\r\n\r\n", NULL},
    {"a trailer with a blank before its colon", "0\r\na : b\r\n\r\n", NULL},
    {"a trailer that is folded", "0\r\na: b\r\n c\r\n\r\n", NULL},
    {"LF behind a trailer", "0\r\na: b\n\r\n", NULL},
    {"a control character in a trailer", "0\r\na: \x01\r\n\r\n", NULL},
};
/* clang-format on */

struct reading {
    struct chunked chunked;
    enum chunked_state state;
    size_t used, length;
    char out[OUT_MAX];
};

/* At most `size` octets of the body at a time; the bytes are of exactly that length. */
static void feed(struct reading *reading, const char *bytes, size_t length, size_t size)
{
    char *copy = malloc(length + (length == 0));
    assert_non_null(copy);
    memcpy(copy, bytes, length);
    size_t used = 0;
    while (reading->state == CHUNKED_PART && used < length) {
        size_t taken = 0;
        size_t put = 0;
        reading->state = chunked_read(&reading->chunked, copy + used, length - used, &taken,
                                      reading->out + reading->length, size, &put);
        used += taken;
        reading->length += put;
    }
    reading->used += used;
    free(copy);
}

static void begin(struct reading *reading)
{
    *reading = (struct reading){.state = CHUNKED_PART};
    chunked_begin(&reading->chunked);
}

static void table(void **state)
{
    static const char behind[] = "GET";
    struct reading reading;
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        for (size_t cut = 0; cut <= strlen(rows[i].bytes); cut++) {
            size_t length = strlen(rows[i].bytes);
            begin(&reading);
            feed(&reading, rows[i].bytes, cut, 1 + cut % 3);
            if (reading.state == CHUNKED_PART)
                feed(&reading, rows[i].bytes + cut, length - cut, OUT_MAX - reading.length);
            if (reading.state == CHUNKED_PART)
                feed(&reading, behind, sizeof behind - 1, OUT_MAX - reading.length);
            wrong += unit_wrong(rows[i].name, (reading.state == CHUNKED_WHOLE) == (rows[i].body != NULL));
            wrong += unit_wrong(rows[i].name, (reading.state == CHUNKED_BROKEN) == (rows[i].body == NULL));
            wrong += unit_wrong(rows[i].name, (reading.chunked.why == NULL) == (rows[i].body != NULL));
            if (rows[i].body != NULL) {
                wrong += unit_differs(rows[i].name, rows[i].body, reading.out);
                wrong += unit_wrong(rows[i].name, reading.used == length); /* not a byte more */
            }
        }
    assert_int_equal(wrong, 0);
}

static enum chunked_state read_repeated(const char *before, const char *part, size_t times,
                                        const char *behind)
{
    struct reading reading;
    begin(&reading);
    feed(&reading, before, strlen(before), OUT_MAX);
    for (size_t i = 0; i < times; i++)
        feed(&reading, part, strlen(part), OUT_MAX);
    feed(&reading, behind, strlen(behind), OUT_MAX);
    return reading.state;
}

static void bounds(void **state)
{
    (void)state;
    /* the octet that ends the size line is counted, too */
    assert_int_equal(read_repeated("0;", "a", CHUNKED_EXTENSIONS_MAX - 1, "\r\n\r\n"), CHUNKED_WHOLE);
    assert_int_equal(read_repeated("0;", "a", CHUNKED_EXTENSIONS_MAX, "\r\n\r\n"), CHUNKED_BROKEN);
    assert_int_equal(read_repeated("", "1;abcdefg\r\nx\r\n", 100, "0\r\n\r\n"), CHUNKED_WHOLE);
    assert_int_equal(read_repeated("", "1;abcdefg\r\nx\r\n", 200, "0\r\n\r\n"), CHUNKED_BROKEN);
    assert_int_equal(read_repeated("0\r\n", "a: b\r\n", 700, "\r\n"), CHUNKED_WHOLE);
    assert_int_equal(read_repeated("0\r\n", "a: b\r\n", 1000, "\r\n"), CHUNKED_BROKEN);
    assert_int_equal(read_repeated("0\r\n", "a", CHUNKED_NAME_MAX, ":\r\n\r\n"), CHUNKED_WHOLE);
    assert_int_equal(read_repeated("0\r\n", "a", CHUNKED_NAME_MAX + 1, ":\r\n\r\n"), CHUNKED_BROKEN);
}

/* Who wants no more of the body gets no more: not a byte of it is taken from what came. */
static void nothing_is_taken_without_room(void **state)
{
    struct reading reading;
    size_t taken = 0;
    size_t put = 0;
    (void)state;
    begin(&reading);
    assert_int_equal(chunked_read(&reading.chunked, "3\r\nabc\r\n", 8, &taken, reading.out, 2, &put),
                     CHUNKED_PART);
    assert_int_equal(taken, 5);
    assert_int_equal(put, 2);
    assert_int_equal(chunked_read(&reading.chunked, "c\r\n", 3, &taken, reading.out, 0, &put), CHUNKED_PART);
    assert_int_equal(taken, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table),
        cmocka_unit_test(bounds),
        cmocka_unit_test(nothing_is_taken_without_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
