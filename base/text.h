/* base/text.h - small questions about bytes that came from outside. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/base.h"

/* Well-formed UTF-8 by RFC 3629: no overlong form, no surrogate, nothing above U+10FFFF. */
bool text_is_utf8(const char *bytes, size_t length);

/* Bytes of the sequence that starts here, of `left`, which is not 0; 0: it is malformed. */
size_t text_utf8_length(const char *bytes, size_t left);

/* A C0 control (NUL to 0x1F) or DEL is among the bytes. */
bool text_has_control(const char *bytes, size_t length);

/* RFC 3986 section 2.3: ALPHA / DIGIT / "-" / "." / "_" / "~", a bit for each character of ASCII.
 * Here, since each character that is sent is asked about. */
static inline bool text_is_unreserved(unsigned char c)
{
    static const uint64_t characters[] = {UINT64_C(0x03FF600000000000), UINT64_C(0x47FFFFFE87FFFFFE), 0, 0};
    return (characters[c / 64] >> (c % 64) & 1) != 0;
}

/* How many bytes from here on are such characters: a look at one table for each. */
size_t text_unreserved_run(const char *bytes, size_t length);

/* RFC 9110 section 5.6.2: one or more tchar, and nothing else. */
bool text_is_token(const char *bytes, size_t length);

/* Starts with a letter or digit and goes on with letters, digits, '-', '_' and '.', at most 64 in all: the
 * form of every name in the configuration, and of a request id. */
bool text_is_name(const char *text);

/* '*' in `pattern` stands for any run of bytes, also an empty one; everything else for itself.
 * Linear in time for one star, quadratic at worst. */
bool text_matches(const char *pattern, const char *text);

/* Decimal, NUL-terminated; snprintf() takes ten times as long, and there are several in every call. */
enum { TEXT_NUMBER_SIZE = 32 };
void text_number(char out[TEXT_NUMBER_SIZE], long long number);

/* The same for people: 1,048,576. */
void text_thousands(char out[TEXT_NUMBER_SIZE], size_t number);

/* `out` takes 2 * length + 1 bytes: lower-case hex, NUL-terminated. */
void text_hex(const unsigned char *bytes, size_t length, char *out);

/* Exactly 2 * length hex digits of either case; false, with `out` untouched or half written, otherwise. */
MUST_USE bool text_unhex(const char *hex, unsigned char *out, size_t length);

/* -1 when c is no hex digit. */
int text_hex_value(char c);

#endif
