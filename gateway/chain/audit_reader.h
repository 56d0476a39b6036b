/* gateway/chain/audit_reader.h - audit files, read from start to end, and every place where the chain does
 * not hold.
 *
 * Files are read oldest first; the chain goes on from one to the next, and the chain of seals in it
 * (gateway/chain/seals.h).  Without a key the first line of the first file is taken as it is: it may
 * continue a file that is not there.  One thread. */
#ifndef GATEWAY_CHAIN_AUDIT_READER_H
#define GATEWAY_CHAIN_AUDIT_READER_H

#include "base/base.h"
#include "base/err.h"
#include "gateway/chain/hash_chain.h"
#include "gateway/chain/seals.h"

#include <stdio.h>

struct audit_reader;

/* `key`, which is borrowed, proves the seals; NULL: they are not looked at.  NULL when memory is out. */
MUST_USE struct audit_reader *audit_reader_new(const struct secret *key, enum seals_scope scope);
void audit_reader_free(struct audit_reader *ledger);

/* The next file; `name` and `file` are borrowed until its end was reached. */
void audit_reader_take(struct audit_reader *ledger, const char *name, FILE *file);

enum audit_reader_find {
    AUDIT_READER_END,    /* of the file */
    AUDIT_READER_RECORD, /* a whole record that fits */
    AUDIT_READER_NOTE,   /* and there is something to say about it that is no fault */
    AUDIT_READER_ANEW,   /* the first record of another chain: it does not go on from what was read */
    AUDIT_READER_BROKEN, /* the chain does not hold here, as the sentence says; the record, if there is one,
                      is below */
    AUDIT_READER_NEWER,  /* a newer release wrote what follows, in a format that this one does not know */
    AUDIT_READER_TORN,   /* a killed writer left this: the sentence says where it ends */
    AUDIT_READER_FAILED, /* the file cannot be read */
};

struct audit_reader_line {
    unsigned long long number; /* of the line in the file, from 1 */
    const char *bytes; /* the record without its line feed, until the next call; NULL: there is none */
    size_t length;
    bool follows;   /* the record goes on from the one before it, or nothing was before it */
    char text[384]; /* of all but END and RECORD: "audit.log:12: ..." */
};

MUST_USE enum audit_reader_find audit_reader_next(struct audit_reader *ledger,
                                                  struct audit_reader_line *line);

struct audit_reader_sum {
    unsigned long long records;
    struct hash_chain_head before; /* what the first record says that it follows */
    struct hash_chain_head head;   /* the last record */
    unsigned long long strange;    /* records of a kind that this release does not know, */
    char kind[32];                 /* of which this is the first */
    struct seals seals;            /* borrows the key */
};

struct audit_reader_sum audit_reader_sum(const struct audit_reader *ledger);

/* Behind the line that audit_reader_next() gave: the bytes of the file that were read. */
unsigned long long audit_reader_offset(const struct audit_reader *ledger);

#endif
