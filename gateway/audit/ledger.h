/* gateway/audit/ledger.h - audit files, read from start to end, and every place where the chain does not
 * hold.
 *
 * Files are read oldest first; the chain goes on from one to the next.  The first line of the first file is
 * taken as it is: it may continue a file that is not there.  One thread. */
#ifndef GATEWAY_AUDIT_LEDGER_H
#define GATEWAY_AUDIT_LEDGER_H

#include "base/base.h"
#include "base/err.h"
#include "gateway/audit/chain.h"

#include <stdio.h>

struct ledger;

/* `key` proves the seals; NULL: they are not looked at.  NULL when memory is out. */
MUST_USE struct ledger *ledger_new(const struct secret *key);
void ledger_free(struct ledger *ledger);

/* The next file; `name` and `file` are borrowed until its end was reached. */
void ledger_take(struct ledger *ledger, const char *name, FILE *file);

enum ledger_find {
    LEDGER_END,    /* of the file */
    LEDGER_RECORD, /* a whole record that fits */
    LEDGER_BROKEN, /* the chain does not hold here, as the sentence says; the record, if there is one, is
                      below */
    LEDGER_TORN,   /* a killed writer left this: the sentence says where it ends */
    LEDGER_FAILED, /* the file cannot be read */
};

struct ledger_line {
    unsigned long long number; /* of the line in the file, from 1 */
    const char *bytes; /* the record without its line feed, until the next call; NULL: there is none */
    size_t length;
    char text[256]; /* of BROKEN, TORN and FAILED: "audit.log:12: ..." */
};

MUST_USE enum ledger_find ledger_next(struct ledger *ledger, struct ledger_line *line);

struct ledger_sum {
    unsigned long long records;
    unsigned long long seals;
    unsigned long long sealed; /* the last record that a seal vouches for, by seq */
    char sealed_at[32];        /* the time that the seal says */
    struct chain_head head;
};

struct ledger_sum ledger_sum(const struct ledger *ledger);

#endif
