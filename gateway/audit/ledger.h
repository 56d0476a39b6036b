/* gateway/audit/ledger.h - audit files, read from start to end, and every place where the chain does not
 * hold.
 *
 * Files are read oldest first; the chain goes on from one to the next, and the chain of seals in it
 * (gateway/audit/seals.h).  Without a key the first line of the first file is taken as it is: it may
 * continue a file that is not there.  One thread. */
#ifndef GATEWAY_AUDIT_LEDGER_H
#define GATEWAY_AUDIT_LEDGER_H

#include "base/base.h"
#include "base/err.h"
#include "gateway/audit/chain.h"
#include "gateway/audit/seals.h"

#include <stdio.h>

struct ledger;

/* `key`, which is borrowed, proves the seals; NULL: they are not looked at.  NULL when memory is out. */
MUST_USE struct ledger *ledger_new(const struct secret *key, enum seals_scope scope);
void ledger_free(struct ledger *ledger);

/* The next file; `name` and `file` are borrowed until its end was reached. */
void ledger_take(struct ledger *ledger, const char *name, FILE *file);

enum ledger_find {
    LEDGER_END,    /* of the file */
    LEDGER_RECORD, /* a whole record that fits */
    LEDGER_NOTE,   /* and there is something to say about it that is no fault */
    LEDGER_ANEW,   /* the first record of another chain: it does not go on from what was read */
    LEDGER_BROKEN, /* the chain does not hold here, as the sentence says; the record, if there is one, is
                      below */
    LEDGER_TORN,   /* a killed writer left this: the sentence says where it ends */
    LEDGER_FAILED, /* the file cannot be read */
};

struct ledger_line {
    unsigned long long number; /* of the line in the file, from 1 */
    const char *bytes; /* the record without its line feed, until the next call; NULL: there is none */
    size_t length;
    bool follows;   /* the record goes on from the one before it, or nothing was before it */
    char text[384]; /* of all but END and RECORD: "audit.log:12: ..." */
};

MUST_USE enum ledger_find ledger_next(struct ledger *ledger, struct ledger_line *line);

struct ledger_sum {
    unsigned long long records;
    struct chain_head before; /* what the first record says that it follows */
    struct chain_head head;   /* the last record */
    struct seals seals;       /* borrows the key */
};

struct ledger_sum ledger_sum(const struct ledger *ledger);

/* Behind the line that ledger_next() gave: the bytes of the file that were read. */
unsigned long long ledger_offset(const struct ledger *ledger);

#endif
