/* base/buf.h - bytes being written, with a ceiling given at birth.
 *
 * A failure (ceiling reached, memory out) sticks: later puts do nothing, and one look at `failed` at the end
 * tells.  The owner calls buf_done(); the bytes may be secret, so they are wiped when they move or go. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/base.h"

#include <string.h>

struct buf {
    char *bytes; /* NUL-terminated once anything was put; not counted in length */
    size_t length;
    size_t capacity; /* at most the ceiling and a NUL */
    size_t ceiling;
    bool failed;
};

/* Allocates nothing yet; at most `ceiling` bytes will be taken. */
void buf_init(struct buf *buf, size_t ceiling);
void buf_done(struct buf *buf);

/* In `size` bytes of the caller's, which outlive it: never allocates, and needs no buf_done(). */
void buf_init_in(struct buf *buf, char *memory, size_t size);

/* Empty again, not failed, keeps its memory. */
void buf_reset(struct buf *buf);

/* The same, and memory of more than `kept` bytes is given back. */
void buf_rest(struct buf *buf, size_t kept);

/* Makes room for `more` bytes and a NUL; false, and failed, where that is not possible. */
MUST_USE bool buf_reserve(struct buf *buf, size_t more);

/* The puts are here, since there are hundreds in every request: the usual case is without a call, and the
 * length of a literal is known when it is compiled. */

/* Room at the end for `length` bytes, which count as put: the caller writes them all; NULL on a failure. */
MUST_USE static inline char *buf_extend(struct buf *buf, size_t length)
{
    if ((buf->failed || length >= buf->capacity - buf->length) && !buf_reserve(buf, length))
        return NULL;
    char *at = buf->bytes + buf->length;
    buf->length += length;
    at[length] = '\0';
    return at;
}

static inline void buf_put_bytes(struct buf *buf, const void *bytes, size_t length)
{
    char *at = buf_extend(buf, length);
    if (at != NULL && length > 0)
        memcpy(at, bytes, length);
}

static inline void buf_put(struct buf *buf, const char *text)
{
    buf_put_bytes(buf, text, strlen(text));
}

static inline void buf_put_char(struct buf *buf, char c)
{
    char *at = buf_extend(buf, 1);
    if (at != NULL)
        *at = c;
}

void buf_put_int(struct buf *buf, long long number);
/* Percent-encodes all but the unreserved characters (RFC 3986 section 2.1, upper-case hex). */
void buf_put_percent(struct buf *buf, const char *bytes, size_t length);
void buf_put_format(struct buf *buf, const char *format, ...) PRINTF_LIKE(2, 3);

/* "" while nothing was put. */
const char *buf_text(const struct buf *buf);

#endif
