/* gateway/audit/audit.h - the audit file, written: each change before it is sent, and what became of it.
 *
 * All workers append to one chain (gateway/chain/hash_chain.h), under one lock: the file's order is the order
 * in which the records were written.  A record that audit_append() has taken survives the end of the
 * process, however it ends; with `sync` also that of the machine.  A process that is killed while it
 * writes leaves a torn line; the next start continues behind it, with an "open" record that says how many
 * bytes are torn and what their SHA-256 is.  The same happens when a disk that was full has room again.
 *
 * With a key the chain is sealed, and a start goes on only behind seals that hold
 * (gateway/audit/writer.h). */
#ifndef GATEWAY_AUDIT_AUDIT_H
#define GATEWAY_AUDIT_AUDIT_H

#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/log/log.h"
#include "config/model/config.h"
#include "gateway/chain/audit_search.h"
#include "gateway/audit/writer.h"

struct audit;

/* Opens the file that `what` names, creates it (mode 600) where there is none, and locks it against a second
 * writer.  NULL when that fails.  A file that cannot be written to now is no failure: audit_append() tries
 * again; nor is one whose seals do not hold, see audit_state().  `notices` gets what an operator should know;
 * it is borrowed. */
MUST_USE struct audit *audit_open(const struct config_audit *what, struct log *notices, struct err *err);

/* Could it be opened and gone on with?  Makes nothing, writes nothing, locks nothing.  A folder that is not
 * there yet is no error: see audit_lacks_folder(). */
MUST_USE int audit_check(const struct config_audit *what, struct err *err);

/* Somebody has to make its folder before a start: systemd does, where the unit says StateDirectory=. */
MUST_USE bool audit_lacks_folder(const struct config_audit *what);

/* Writes a last seal. */
void audit_close(struct audit *audit);

/* Appends a record of that kind and time (ms since 1970, or AUDIT_NOW) with `members`: JSON members without
 * braces, which may be empty.  `*seq` gets its number.  -1: it is not there, or not whole, or not on the
 * disk; those who wanted to act on it must not.  Any thread. */
#define AUDIT_NOW WRITER_NOW
MUST_USE int audit_append(struct audit *audit, const char *kind, int64_t time, const struct buf *members,
                          unsigned long long *seq, struct err *err);

/* The hash of the last record; "": there is none. */
enum { AUDIT_HASH_SIZE = HASH_CHAIN_HEX + 1 };
void audit_last(struct audit *audit, char out[AUDIT_HASH_SIZE]);

/* audit_search() of the file. */
enum audit_search audit_has(const struct audit *audit, const char *hash, const char *request);

/* After a rotation: when the path is not the open file any more, goes on with what is there now, or creates
 * it; the chain goes on too.  -1: the open file stays. */
MUST_USE int audit_reopen(struct audit *audit, struct err *err);

struct audit_state {
    unsigned long long records; /* written by this process */
    unsigned long long failed;  /* could not be written */
    bool failing;               /* the last one */
    bool broken;                /* the chain of seals did not hold */
    bool refusing;              /* so no change may be sent: `on_broken: refuse` */
    bool witnessed;             /* seals go to a witness, */
    bool unwitnessed;           /* which did not get the last one */
    unsigned long long missed;  /* seals that it did not get */
};

/* Takes no lock. */
struct audit_state audit_state(const struct audit *audit);

#endif
