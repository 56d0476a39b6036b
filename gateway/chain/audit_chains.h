/* gateway/chain/audit_chains.h - the audit files of several gateways, sorted by the chains they belong to.
 *
 * A file goes on with the chain of one named before it when its first record follows that one's last, or
 * when both are of the same gateway (`instance`; records of before format 3 name none, and count as one
 * gateway's).  So whatever is missing or exchanged between two files of one gateway is a fault of one chain,
 * and the files of two gateways are no fault.  One thread. */
#ifndef GATEWAY_CHAIN_AUDIT_CHAINS_H
#define GATEWAY_CHAIN_AUDIT_CHAINS_H

#include "base/base.h"
#include "base/err.h"
#include "base/secret.h"
#include "gateway/chain/hash_chain.h"

#include <stdio.h>

struct audit_chains_file {
    const char *name; /* borrowed */
    FILE *spool;      /* what "-", standard input, had; else NULL */
    size_t chain;     /* which it belongs to: 0 to the number of chains - 1 */

    /* of its whole records; "" where there is none */
    char first[HASH_CHAIN_NAME + 1], last[HASH_CHAIN_NAME + 1]; /* which gateways wrote them */
    char prev[HASH_CHAIN_HEX + 1];                              /* what the first follows */
    char hash[HASH_CHAIN_HEX + 1];                              /* the last */
};

struct audit_chains {
    struct audit_chains_file *files; /* in the order in which they were named */
    size_t file_count;
    size_t count; /* of chains, numbered as their first files are named */
};

/* Looks at the beginning and the end of each file; `names` ends with NULL, and is borrowed.  -1: one cannot
 * be read; audit_chains_done() is due in either case. */
MUST_USE int audit_chains_open(char *const *names, struct audit_chains *chains, struct err *err);
void audit_chains_done(struct audit_chains *chains);

/* Opens a file from its beginning; audit_chains_close() closes it. */
MUST_USE FILE *audit_chains_read(const struct audit_chains_file *file, struct err *err);
void audit_chains_close(const struct audit_chains_file *file, FILE *open);

/* Goes on with the first line that begins within the last `bytes` of the open file.  -1: errno says why. */
MUST_USE int audit_chains_skip(FILE *open, int64_t bytes);

/* The gateway that wrote the chain's last file; "": an older release, which named none. */
const char *audit_chains_instance(const struct audit_chains *chains, size_t chain);

/* Which of the keys made the first seal in the chain's files; 0 where none did. */
MUST_USE int audit_chains_key(const struct audit_chains *chains, size_t chain, struct secret *const *keys,
                              size_t count, size_t *found, struct err *err);

#endif
