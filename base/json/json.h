/* base/json/json.h - writing JSON, and the one question to ask before parsing it.
 *
 * Members are written in the order of the calls; the writer puts the commas by looking at the last byte.
 * Strings may hold any bytes: what is not well-formed UTF-8 becomes U+FFFD; controls, DEL, quotes,
 * U+2028/2029 and the bidirectional controls are escaped, so that a line is always one JSON object and a
 * terminal shows it as it is. */
#ifndef BASE_JSON_JSON_H
#define BASE_JSON_JSON_H

#include "base/base.h"
#include "base/buf.h"

/* A whole string, with its quotes. */
void json_put_string(struct buf *out, const char *bytes, size_t length);

/* The same without the quotes: a text of a stranger's as a terminal may see it, on one line. */
void json_put_inside(struct buf *out, const char *bytes, size_t length);

void json_open(struct buf *out);                         /* {              an anonymous object */
void json_open_member(struct buf *out, const char *key); /* "key":{        */
void json_close(struct buf *out);                        /* }              */
void json_open_array(struct buf *out, const char *key);  /* "key":[        */
void json_close_array(struct buf *out);                  /* ]              */

/* A NULL value writes nothing: an absent member. */
void json_member(struct buf *out, const char *key, const char *value);
void json_member_int(struct buf *out, const char *key, long long value);
/* Microseconds as milliseconds with three decimals: 12.345; a negative number counts as 0. */
void json_member_millis(struct buf *out, const char *key, int64_t micros);
void json_member_bool(struct buf *out, const char *key, bool value);
/* `json` is well-formed already. */
void json_member_raw(struct buf *out, const char *key, const char *json);
/* A string in an array. */
void json_element(struct buf *out, const char *value);

/* How many bytes, from the first on, stand in a string as they are: printable ASCII but quote and
 * backslash. */
size_t json_plain_run(const char *bytes, size_t length);

/* How deep arrays and objects nest, by brackets outside strings; stops counting at `limit` + 1.  jansson
 * recurses: a worker's stack of 100 KiB does not hold 2,000 levels (facts: CivetWeb's default stack). */
size_t json_depth(const char *bytes, size_t length, size_t limit);

#endif
