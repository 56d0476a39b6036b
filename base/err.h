/* base/err.h - one sentence about what went wrong, for the person who can act on it.
 *
 * Functions that can fail take a `struct err *` last and return 0 or -1.  The first cause wins: a second
 * err_set() on the same error keeps the first text.  Nothing secret may be formatted into it. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include "base/base.h"

enum err_kind {
    ERR_NONE,
    ERR_INPUT,  /* what somebody gave us is wrong */
    ERR_LIMIT,  /* larger than we take            */
    ERR_MEMORY, /* an allocation failed           */
    ERR_SYSTEM, /* the operating system said no   */
    ERR_CRYPTO, /* OpenSSL said no                */
};

struct err {
    enum err_kind kind;
    char text[320];
};

/* Always returns -1, so that `return err_set(...)` reads well.  A NULL err is allowed. */
int err_set(struct err *err, enum err_kind kind, const char *format, ...) PRINTF_LIKE(3, 4);

/* err_set(err, ERR_MEMORY, "out of memory") */
int err_memory(struct err *err);

void err_clear(struct err *err);

#endif
