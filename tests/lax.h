/* tests/lax.h - CivetWeb 1.15's request parser as we know it: in place, with NULs where blanks, CR and LF
 * were, and as lax as the library is.  tests/e2e sends the same bytes to the real one. */
#ifndef TESTS_LAX_H
#define TESTS_LAX_H

#include "base/base.h"
#include "gateway/http/framing.h"

enum { LAX_FIELDS_MAX = 64 };

struct lax {
    char *bytes; /* the library's buffer: the header, and two bytes that follow it */
    struct framing framing;
    struct framing_field fields[LAX_FIELDS_MAX];
};

/* NULL when the library itself would refuse the bytes, or wait for more.  *used is what it took for the
 * header, blanks before it included; may be NULL.  Ends the process when memory is out. */
MUST_USE struct lax *lax_parse(const char *bytes, size_t length, size_t *used);
void lax_free(struct lax *lax);

#endif
