/* gateway/audit/audit_resume.h - where an audit file can be continued: behind its last whole line. */
#ifndef GATEWAY_AUDIT_AUDIT_RESUME_H
#define GATEWAY_AUDIT_AUDIT_RESUME_H

#include "base/err.h"
#include "gateway/chain/hash_chain.h"

enum {
    AUDIT_RESUME_MAX = 1024 * 1024
}; /* bytes that are searched for a whole line: several torn ones, and blocks of
      zeros that a power failure left */

struct audit_resume {
    struct hash_chain_head head; /* of the last whole line; the beginning of a chain when the file is empty */
    bool unended;                /* the file's last byte is no line feed */
    size_t torn;                 /* bytes behind the last whole line, with the line feed that they lack */
    char torn_hash[HASH_CHAIN_HEX + 1];
};

/* Reads the end of the regular file `fd`, of `size` bytes.  -1: unreadable, or no whole line is there. */
MUST_USE int audit_resume_read(int fd, size_t size, struct audit_resume *tail, struct err *err);

#endif
