/* gateway/audit/writer.h - the end of the chain in the audit file: the next record, and with a key the
 * seals in time.
 *
 * A start with a key looks at what is there before it goes on (gateway/audit/inspect.h).  Where the chain
 * of seals does not hold, the file is set aside under another name, and another chain begins in a new
 * one.  No lock: its owner has one, and lets one thread at a time in; what is atomic may be read without
 * it. */
#ifndef GATEWAY_AUDIT_WRITER_H
#define GATEWAY_AUDIT_WRITER_H

#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/log/log.h"
#include "config/model/config.h"
#include "gateway/chain/hash_chain.h"
#include "gateway/audit/inspect.h"
#include "gateway/chain/seal.h"

#include <stdatomic.h>

/* What the next `open` record has to tell beside what is torn. */
struct writer_news {
    struct inspect found; /* by a start; records 0: nothing, or this process wrote what is there */
    char *kept;           /* the name of the file that was set aside; or NULL */
    char why[INSPECT_TEXT];
};

struct writer {
    const struct config_audit *what; /* borrowed, as all pointers here */
    struct log *notices;
    void (*tell)(void *context, const char *line,
                 size_t length); /* gets each seal that was written; or NULL */
    void *context;

    int fd;
    bool begun; /* the chain is known: the head below is that of the last record */
    bool ready; /* the file ends with the last record, and a line feed */
    struct hash_chain_head head;
    struct writer_news news;

    struct seal seal;          /* the last one */
    unsigned long long sealed; /* its record, by seq */
    int64_t since;             /* when the first record behind it was written, ms; 0: there is none */
    size_t bytes;              /* of records behind it */

    atomic_ullong records;
    atomic_ullong lost; /* records up to this one may not be on the disk */
    atomic_bool broken; /* the chain of seals did not hold, and no operator has said that changes may go on */
    atomic_bool refusing; /* so changes are refused */
};

/* `what->key` is NULL where nothing is sealed.  -1: the system gives no randomness. */
MUST_USE int writer_init(struct writer *writer, const struct config_audit *what, struct log *notices,
                         struct err *err);
void writer_done(struct writer *writer);

/* Opens the file, looks at its end, and goes on there or in a new one.  -1: it is not open, or with
 * ERR_SYSTEM and `fd` 0 or more cannot be written to now: writer_put() tries again. */
MUST_USE int writer_open(struct writer *writer, struct err *err);

/* The next record: its kind, its time in ms or WRITER_NOW, and `members` without braces, which may be
 * empty. */
#define WRITER_NOW INT64_MIN
MUST_USE int writer_put(struct writer *writer, const char *kind, int64_t time, const struct buf *members,
                        struct err *err);

/* A seal, if anything came since the last one; `last`: nothing comes behind it in this file. */
MUST_USE int writer_seal(struct writer *writer, bool last, struct err *err);

/* When the path is not the open file any more, goes on with what is there now, or creates it. */
MUST_USE int writer_reopen(struct writer *writer, struct err *err);

/* Sets the open file aside, since it does not hold, `why`; another chain begins in a new file.  -1 with
 * ERR_INPUT: there is no new file; else it cannot be written to now. */
MUST_USE int writer_begin_anew(struct writer *writer, const char *why, struct err *err);

#endif
