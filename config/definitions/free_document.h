/* config/definitions/free_document.h - a value of a route's parameter that no definition describes: an
 * object, a list of anything, a map.
 *
 * Recursion is bounded by DOCUMENT_DEPTH_MAX; any thread. */
#ifndef CONFIG_DEFINITIONS_FREE_DOCUMENT_H
#define CONFIG_DEFINITIONS_FREE_DOCUMENT_H

#include "base/buf.h"
#include "base/err.h"
#include "base/json/json_value.h"

enum { FREE_DOCUMENT_MEMBERS_MAX = 1000 }; /* of one object */

/* Writes it to `out` again, without blanks: members in their order, strings and numbers byte for byte.  At
 * any depth no key is there twice, none has an escape, and nothing is null.  *secret: some member is called
 * like a password, a key or a token.  -1: `err` says where, from `name` on. */
MUST_USE int free_document_read(const char *name, const struct json_value *value, struct buf *out,
                                bool *secret, struct err *err);

#endif
