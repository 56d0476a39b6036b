/* gateway/response/response_fields.h - what matters to us of the header fields of an upstream's answer.  Fed
 * line by line; what is too long to be what it should be counts as absent. */
#ifndef GATEWAY_RESPONSE_RESPONSE_FIELDS_H
#define GATEWAY_RESPONSE_RESPONSE_FIELDS_H

#include "base/base.h"

enum {
    RESPONSE_FIELDS_VALUE_SIZE = 64, /* a date has 29 characters */
    /* of a Content-Length, bytes: more is far more than any answer may have */
    RESPONSE_FIELDS_LENGTH_MAX = 1000000000,
    RESPONSE_FIELDS_RETRY_AFTER_MAX_S = 3600 /* an upstream that asks for more is not believed */
};

/* All zero in the beginning. */
struct response_fields {
    bool has_date;
    int64_t date;    /* seconds since 1970 */
    unsigned bounds; /* lines that say where the body ends: Content-Length, Transfer-Encoding */
    bool has_length;
    int64_t length; /* of the body, 0 to RESPONSE_FIELDS_LENGTH_MAX + 1, which stands for more */
    bool chunked;
    bool closes; /* Connection: close */
    char retry_after[RESPONSE_FIELDS_VALUE_SIZE];
    char type[RESPONSE_FIELDS_VALUE_SIZE]; /* the media type of Content-Type, without parameters */
};

/* One line, without its CRLF (RFC 9112 section 5).  False: it is no field line; or it says in a way that we
 * do not know, or other than a line before it, where the body ends (section 6). */
MUST_USE bool response_fields_read(struct response_fields *fields, const char *line, size_t length);

/* RFC 9110 section 10.2.3: seconds, or a date, which is compared with the answer's own.  0: none. */
int64_t response_fields_retry_after(const struct response_fields *fields);

/* Not exactly one line tells where the body ends: where the next answer begins is a matter of opinion (RFC
 * 9112 section 6.3). */
bool response_fields_ambiguous(const struct response_fields *fields);

#endif
