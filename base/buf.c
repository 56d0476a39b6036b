#include "base/buf.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUF_FIRST = 1024, BUF_FORMATTED_MAX = 512 };

void buf_init(struct buf *buf, size_t ceiling)
{
    *buf = (struct buf){.ceiling = ceiling};
}

/* Its ceiling is below its capacity: it never grows. */
void buf_init_in(struct buf *buf, char *memory, size_t size)
{
    *buf = (struct buf){.bytes = memory, .capacity = size, .ceiling = size - 1};
    memory[0] = '\0';
}

void buf_done(struct buf *buf)
{
    if (buf->bytes != NULL)
        explicit_bzero(buf->bytes, buf->capacity);
    free(buf->bytes);
    *buf = (struct buf){0};
}

void buf_reset(struct buf *buf)
{
    buf->length = 0;
    buf->failed = false;
    if (buf->bytes != NULL)
        buf->bytes[0] = '\0';
}

void buf_rest(struct buf *buf, size_t kept)
{
    size_t ceiling = buf->ceiling;
    if (buf->capacity <= kept) {
        buf_reset(buf);
        return;
    }
    buf_done(buf);
    buf_init(buf, ceiling);
}

/* Room for so many bytes with their NUL: twice what there was, or, for a large piece, just enough. */
static bool buf_grow(struct buf *buf, size_t needed)
{
    size_t capacity = buf->capacity == 0 ? BUF_FIRST : 2 * buf->capacity;
    if (capacity < needed)
        capacity = needed;
    if (capacity > buf->ceiling + 1 && buf->ceiling < SIZE_MAX)
        capacity = buf->ceiling + 1;
    char *bytes = malloc(capacity);
    if (bytes == NULL) {
        buf->failed = true;
        return false;
    }
    if (buf->bytes != NULL) {
        memcpy(bytes, buf->bytes, buf->length);
        explicit_bzero(buf->bytes, buf->capacity);
        free(buf->bytes);
    }
    buf->bytes = bytes;
    buf->capacity = capacity;
    return true;
}

bool buf_reserve(struct buf *buf, size_t more)
{
    if (buf->failed || more > buf->ceiling - buf->length) {
        buf->failed = true;
        return false;
    }
    return more < buf->capacity - buf->length || buf_grow(buf, buf->length + more + 1);
}

void buf_put_percent(struct buf *out, const char *bytes, size_t length)
{
    static const char hex_upper[] = "0123456789ABCDEF";
    for (size_t i = 0; i < length; i++) {
        size_t run = i + text_unreserved_run(bytes + i, length - i);
        buf_put_bytes(out, bytes + i, run - i);
        i = run;
        if (i == length)
            break;
        unsigned char c = (unsigned char)bytes[i];
        const char escape[3] = {'%', hex_upper[c >> 4], hex_upper[c & 15]};
        buf_put_bytes(out, escape, sizeof escape);
    }
}

void buf_put_int(struct buf *buf, long long number)
{
    char digits[TEXT_NUMBER_SIZE];
    text_number(digits, number);
    buf_put(buf, digits);
}

void buf_put_format(struct buf *buf, const char *format, ...)
{
    char text[BUF_FORMATTED_MAX];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= sizeof text)
        buf->failed = true;
    else
        buf_put_bytes(buf, text, (size_t)length);
}

const char *buf_text(const struct buf *buf)
{
    return buf->bytes == NULL ? "" : buf->bytes;
}
