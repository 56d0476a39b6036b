/* gateway/console_past/audit_read.h - the end of the audit file, read for a page: by the code of `audit
 * show`, within bounds. */
#ifndef GATEWAY_CONSOLE_PAST_AUDIT_READ_H
#define GATEWAY_CONSOLE_PAST_AUDIT_READ_H

#include "gateway/console/page.h"

#include <jansson.h>

enum {
    AUDIT_READ_BYTES = 16 * 1024 * 1024, /* some 20,000 records: a page that waits for no more */
    AUDIT_READ_ROWS = 200,
};

struct audit_read {
    bool (*wants)(const void *context, const json_t *change);
    const void *context;

    json_t *found;            /* an array: the newest AUDIT_READ_ROWS that are wanted, oldest first */
    unsigned long long count; /* all that are wanted */
    struct buf told;          /* what is wrong with the file, in lines */
};

/* audit_read_done() is due in either case.  -1: memory is out, or the file cannot be read; that is told. */
MUST_USE int audit_read_init(struct audit_read *read, const struct page *page);
void audit_read_done(struct audit_read *read);

/* What is wrong with the file, and how much of it was read. */
void audit_read_put_notes(struct buf *out, const struct page *page, const struct audit_read *read);

/* "vpcId vpc-1; instanceIds ins-1, ins-2" */
void audit_read_put_params(struct buf *out, const json_t *change);

#endif
