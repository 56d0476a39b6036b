/* config/definitions/document.h - a request's document: is it one of the action, how is it written out again,
 * and what stands where a path leads.
 *
 * Recursion is bounded by DOCUMENT_DEPTH_MAX; any thread. */
#ifndef CONFIG_DEFINITIONS_DOCUMENT_H
#define CONFIG_DEFINITIONS_DOCUMENT_H

#include "base/buf.h"
#include "base/json/json_value.h"
#include "config/definitions/definitions.h"

enum {
    DOCUMENT_DEPTH_MAX = 15,   /* levels; the cloud's own need 8 */
    DOCUMENT_ITEMS_MAX = 5000, /* of one list; the cloud's own limits are far below */
};

/* Each member is one of the definition, there once and of its type, and none that is required is missing.
 * The document is written to `out` again: members in their order, strings and numbers byte for byte,
 * without blanks.  *values counts its texts, numbers and booleans, each of which has a
 * document_value_text().  -1: `err` says where, as in "SecurityGroupPolicySet.Ingress[0].Port must be a
 * string". */
MUST_USE int document_read(const struct definitions_object *object, const struct json_value *root,
                           struct buf *out, size_t *values, struct err *err);

/* The same of what one member of an object has, which a caller says by itself. */
MUST_USE int document_read_member(const struct definitions_member *member, const struct json_value *value,
                                  struct buf *out, struct err *err);

/* What stands where the path leads, through every item of the lists on it; found() gets each value, and
 * gives -1 to end.  *gaps: an object of a list, or one on the way, lacks the rest of the path, or a list is
 * empty.  *there: the path's last member is somewhere.  The document was read by document_read(). */
MUST_USE int document_find(const struct json_value *root, const char *const *members, size_t depth,
                           int (*found)(void *context, const struct json_value *value), void *context,
                           bool *gaps, bool *there);

#endif
