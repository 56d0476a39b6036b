/* gateway/fields.h - what matters to us of the header of an upstream's answer.  Fed line by line, 1xx answers
 * included; what is too long to be what it should be counts as absent. */
#ifndef GATEWAY_FIELDS_H
#define GATEWAY_FIELDS_H

#include "base/base.h"

enum {
    FIELDS_MAX = 64 * 1024, /* bytes of all lines: some 500 are usual, and 1xx answers can be endless */
    FIELDS_VALUE_SIZE = 64, /* a date has 29 characters */
    FIELDS_RETRY_AFTER_MAX_S = 3600 /* an upstream that asks for more is not believed */
};

/* All zero in the beginning. */
struct fields {
    size_t size; /* bytes of all lines */
    bool has_date;
    int64_t date;    /* seconds since 1970 */
    bool ended;      /* the empty line has come: libcurl takes a header that breaks off for a whole one */
    unsigned bounds; /* lines that say where the body ends: Content-Length, Transfer-Encoding */
    char retry_after[FIELDS_VALUE_SIZE];
};

/* One line, with or without its CRLF.  False: FIELDS_MAX is exceeded. */
MUST_USE bool fields_read(struct fields *fields, const char *line, size_t length);

/* RFC 9110 section 10.2.3: seconds, or a date, which is compared with the answer's own.  0: none. */
int64_t fields_retry_after(const struct fields *fields);

/* Not exactly one line tells where the body ends: where the next answer begins is a matter of opinion (RFC
 * 9112 section 6.3). */
bool fields_ambiguous(const struct fields *fields);

#endif
