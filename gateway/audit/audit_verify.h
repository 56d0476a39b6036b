/* gateway/audit/audit_verify.h - the audit files of one chain, read and held against their hashes, seals and
 * witness; what is found is written in sentences.
 *
 * So `countersign audit verify` and the console say the same.  One thread. */
#ifndef GATEWAY_AUDIT_AUDIT_VERIFY_H
#define GATEWAY_AUDIT_AUDIT_VERIFY_H

#include "base/base.h"
#include "gateway/chain/audit_chains.h"
#include "gateway/chain/witnessed.h"

struct audit_reader;

/* Everything is borrowed. */
struct audit_verify {
    const struct audit_chains *chains;
    struct secret *const *keys; /* of the seals, the chain's among them; [0] is NULL where there is none */
    size_t key_count;
    struct witnessed *witnessed;         /* NULL: there is none */
    const struct hash_chain_head *noted; /* a record that the files go on from, or hold; NULL: none */
    int64_t bytes;                       /* of each file, its last so many alone; 0: all of it */
    FILE *out;                           /* findings, and what it comes to */
    FILE *errors;                        /* why a file cannot be read */

    /* of the chain that is read */
    const struct secret *key;
    struct audit_reader *ledger;
    bool met; /* the record that was noted */
    long faults;
};

/* -1: a file cannot be read.  0: the chain does not hold.  1: it does. */
MUST_USE int audit_verify_chain(struct audit_verify *verify, size_t chain);

#endif
