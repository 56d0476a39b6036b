/* base/json/json_value.h - reading JSON in place: a value is the bytes that it has in its text.
 *
 * For what is passed on rather than used: nothing is copied, printed again or looked up, so a number keeps
 * its digits and a string its escapes.  json_value_read() looks at every byte once, by RFC 8259 and no more:
 * the text is UTF-8 without a BOM, and half of a surrogate pair, U+0000, a number of any size and a key that
 * is there twice are as good as others.  Who decides by a key looks for a second one itself.
 *
 * No recursion and no allocation; values borrow the text.  Any thread, each with values of its own. */
#ifndef BASE_JSON_JSON_VALUE_H
#define BASE_JSON_JSON_VALUE_H

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"

enum { JSON_VALUE_DEPTH_MAX = 512 }; /* levels: 64 bytes of a stack; Python's own reader ends below 1,000 */

enum json_value_kind {
    JSON_VALUE_NONE, /* there is no such value */
    JSON_VALUE_NULL,
    JSON_VALUE_FALSE,
    JSON_VALUE_TRUE,
    JSON_VALUE_NUMBER,
    JSON_VALUE_STRING,
    JSON_VALUE_ARRAY,
    JSON_VALUE_OBJECT
};

/* All zero: none. */
struct json_value {
    enum json_value_kind kind;
    const char *key; /* of an object's member, with its quotes, or NULL */
    size_t key_length;
    const char *bytes; /* from its first to its last, as they came */
    size_t length;
    size_t count; /* of an array or an object: how many it has */
};

/* The one value of a text, which may have blanks around it.  -1: it is no JSON, or nests deeper than `depth`
 * levels (at most JSON_VALUE_DEPTH_MAX); `err` tells line, column and what is wrong there, and quotes
 * nothing. */
MUST_USE int json_value_read(const char *bytes, size_t length, size_t depth, struct json_value *value,
                             struct err *err);

/* What is inside an array or an object that was read; of anything else, nothing:
 *     struct json_items items = json_value_items(&value);
 *     for (struct json_value item; json_value_next(&items, &item);) ... */
struct json_items {
    const char *at, *end;
    bool members;
};

struct json_items json_value_items(const struct json_value *value);
MUST_USE bool json_value_next(struct json_items *items, struct json_value *item);

/* Whether the member has this key, or the string these characters, however they are escaped. */
bool json_value_has_key(const struct json_value *member, const char *key);
bool json_value_is(const struct json_value *string, const char *text);

/* A number without fraction and exponent, within 64 bits.  -1: it is none. */
MUST_USE int json_value_integer(const struct json_value *number, long long *integer);

/* The characters of a string, in `arena`, with a NUL behind them; at most `most` bytes of them, and no half
 * character.  What a C string or UTF-8 cannot hold (U+0000, half of a pair) becomes U+FFFD, and `*exact`
 * false, which may be NULL.  NULL when memory is out. */
MUST_USE char *json_value_text(const struct json_value *string, size_t most, struct arena *arena,
                               bool *exact);

#endif
