/* base/document.h - JSON texts that others sent, read whole or not at all; and texts of what was read.
 *
 * jansson 2.14 does not look whether a byte of a string that it reads, or an object's key that it writes,
 * found room: when memory is out it goes on with a text that lacks them.  A change of another instance is
 * what that could become. */
#ifndef BASE_DOCUMENT_H
#define BASE_DOCUMENT_H

#include "base/arena.h"
#include "base/base.h"

#include <jansson.h>

/* Once, before threads: from here on document_read() notices that memory is out. */
void document_init(void);

/* An object or an array in which no key is there twice, to be json_decref()ed.  NULL: it is none, and `where`
 * tells the place; a place before the first line: memory is out.  Recurses: measure the depth before
 * (json_depth()). */
MUST_USE json_t *document_read(const char *bytes, size_t length, json_error_t *where);

/* Any value, without blanks; in `arena`, with a NUL behind it.  NULL when memory is out. */
const char *document_text(const json_t *value, struct arena *arena);

#endif
