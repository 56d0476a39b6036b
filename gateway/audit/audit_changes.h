/* gateway/audit/audit_changes.h - the changes of audit files, each with what became of it.
 *
 * The files may be of several gateways: their changes come merged by time.  Nothing is proven here: see
 * audit_reader.h.  One thread. */
#ifndef GATEWAY_AUDIT_AUDIT_CHANGES_H
#define GATEWAY_AUDIT_AUDIT_CHANGES_H

#include "base/base.h"
#include "base/err.h"

#include <jansson.h>

struct audit_changes;

/* `files` ends with NULL; those of one gateway are named oldest first.  NULL: one of them cannot be read, or
 * memory is out. */
MUST_USE struct audit_changes *audit_changes_open(char **files, struct err *err);
void audit_changes_close(struct audit_changes *changes); /* NULL is allowed */

/* What becomes of them. */
struct audit_changes_use {
    int (*take)(void *context, json_t *change);        /* -1: memory is out */
    void (*tell)(void *context, const char *sentence); /* what is wrong with a file */
    void *context;
    int64_t bytes; /* of each file, its last so many alone; 0: all of it */
};

/* Calls take() with each change, once: the members of its intent, of its outcome, and `settled` where an
 * operator said what became of it.  Of a file that is not read from its beginning, a change whose intent
 * stands before is an outcome alone.  -1: a file could not be read to its end, or its chain does not hold;
 * that was told. */
MUST_USE int audit_changes_each(struct audit_changes *changes, const struct audit_changes_use *use);

/* A member of such a change, or of a record; "" where it is no text.  Borrowed from it. */
const char *audit_changes_text(const json_t *change, const char *key);

#endif
