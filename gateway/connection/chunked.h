/* gateway/connection/chunked.h - the chunked transfer coding, taken off: RFC 9112 section 7.1, and nothing
 * beside.
 *
 * A pure reader of the octets behind a head, in pieces of any size; the pieces never change what is read.
 * Extensions and trailer fields are checked, counted and dropped: nobody asked for them. */
#ifndef GATEWAY_CONNECTION_CHUNKED_H
#define GATEWAY_CONNECTION_CHUNKED_H

#include "base/base.h"

enum {
    CHUNKED_DIGITS_MAX = 8,         /* of a chunk's size: 4 GiB                          */
    CHUNKED_EXTENSIONS_MAX = 1024,  /* octets of all extensions of a body                */
    CHUNKED_TRAILER_MAX = 4 * 1024, /* octets of its trailer fields                      */
    CHUNKED_NAME_MAX = 256,         /* octets of a trailer field's name                  */
};

enum chunked_state {
    CHUNKED_PART, /* more must come */
    CHUNKED_WHOLE,
    CHUNKED_BROKEN, /* nothing that follows may be read */
};

struct chunked {
    int where; /* private: what comes next */
    unsigned digits;
    unsigned long long left; /* of the chunk */
    size_t extensions, trailer;
    size_t name_length;
    char name[CHUNKED_NAME_MAX + 1];
    const char *why; /* CHUNKED_BROKEN: a sentence for the caller */
};

void chunked_begin(struct chunked *chunked);

/* Takes from `bytes`, at most `length`, and puts the body's own octets to `out`, at most `size`: how many
 * went in and out is in `*taken` and `*put`.  It stops when either is used up, and at the end of the body. */
MUST_USE enum chunked_state chunked_read(struct chunked *chunked, const char *bytes, size_t length,
                                         size_t *taken, char *out, size_t size, size_t *put);

#endif
