/* gateway/response/response.h - reads an upstream's answer from the bytes of its connection: HTTP/1.1 as RFC
 * 9112 says it, and nothing else.  Knows no connection: bytes come in pieces of any size, and how they are
 * cut makes no difference.
 *
 * Stricter than a browser, since the other side is one that we know and a gateway may refuse (section 5.2): a
 * line ends in CR LF, is not folded, and holds no NUL; a field name is a token; where the body ends is said
 * by one length or by chunks.  1xx answers are passed over, and 101, which nobody asked for, is none. */
#ifndef GATEWAY_RESPONSE_RESPONSE_H
#define GATEWAY_RESPONSE_RESPONSE_H

#include "base/base.h"
#include "base/buf.h"
#include "gateway/response/response_fields.h"

enum {
    /* bytes of all lines: some 500 are usual, and 1xx answers can be endless */
    RESPONSE_HEAD_MAX = 64 * 1024,
    RESPONSE_CHUNK_LINE_MAX = 256 /* of a chunk's size and its extensions, which nobody uses */
};

enum response_state {
    RESPONSE_MORE,      /* it is not whole yet */
    RESPONSE_WHOLE,     /* what comes next is not part of it */
    RESPONSE_TOO_LARGE, /* its header exceeds RESPONSE_HEAD_MAX, a chunk's line RESPONSE_CHUNK_LINE_MAX, or
                           its body the buffer's ceiling; or memory is out */
    RESPONSE_BROKEN     /* it is no HTTP/1.1, or ended before its end */
};

enum response_part {
    RESPONSE_STATUS,
    RESPONSE_FIELDS,
    RESPONSE_LENGTH, /* a body of `left` bytes */
    RESPONSE_REST,   /* a body until the connection ends */
    RESPONSE_CHUNK_SIZE,
    RESPONSE_CHUNK, /* `left` bytes of one */
    RESPONSE_CHUNK_END,
    RESPONSE_TRAILER
};

struct response {
    enum response_state state;
    int status;
    struct response_fields fields; /* of the header; a trailer must be well-formed, and is passed over */
    bool keeps;                    /* HTTP/1.1, not 1.0 */
    enum response_part part;
    size_t head; /* bytes of lines so far */
    size_t left;
    struct buf line; /* one whose end has not come yet */
    struct buf body;
};

/* `most` bytes of body.  response_begin() makes it ready for the next answer, in the memory that it has. */
void response_init(struct response *response, size_t most);
void response_done(struct response *response);
void response_begin(struct response *response);

/* How many of the bytes were taken: all, unless the state is no longer RESPONSE_MORE. */
size_t response_read(struct response *response, const char *bytes, size_t length);

/* The connection has ended in an orderly way: that is the end of a body that says no other. */
void response_end(struct response *response);

/* When it is whole: another request may follow on its connection. */
bool response_keeps(const struct response *response);

#endif
