/* base/digest.h - the SHA-256 of bytes, at once or in pieces. */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include "base/base.h"

enum {
    DIGEST_BYTES = 32,
    DIGEST_TEXT_SIZE = 65, /* 64 hex digits and a NUL */
};

/* -1 when OpenSSL or memory failed.  Safe from many threads, without a lock. */
MUST_USE int digest_of(const void *bytes, size_t length, unsigned char out[DIGEST_BYTES]);

struct digest;

/* NULL when memory is out; every function takes that for a digest that failed. */
MUST_USE struct digest *digest_new(void);
void digest_add(struct digest *digest, const void *bytes, size_t length);

/* Ends and frees it: lower-case hex.  -1 when OpenSSL or memory failed; `out` is then "". */
MUST_USE int digest_end(struct digest *digest, char out[DIGEST_TEXT_SIZE]);

#endif
