/* base/secret.h - bytes that must not be seen: wiped when freed, compared in constant time, never printed. */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include "base/base.h"

enum { SECRET_MAX = 8192 }; /* a temporary credential's Token is the longest; some have over 1,000 bytes */

struct secret;

/* Copies; NULL when memory is out or length is over SECRET_MAX. */
MUST_USE struct secret *secret_new(const void *bytes, size_t length);
void secret_free(struct secret *secret);

/* Borrowed, NUL-terminated, for those who sign and send. */
const char *secret_bytes(const struct secret *secret);
size_t secret_length(const struct secret *secret);

/* Takes the same time wherever the first difference is; a different length is told at once. */
bool secret_equal(const struct secret *secret, const void *bytes, size_t length);

/* The same of bytes that are no secret object, such as digests. */
bool secret_equal_bytes(const void *a, const void *b, size_t length);

#endif
