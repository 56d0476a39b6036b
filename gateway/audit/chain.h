/* gateway/audit/chain.h - one line of an audit file, and how it is chained to the line before it.
 *
 *   {"seq":12,"prev":"<64 hex>","audit":"intent",<members>,"hash":"<64 hex>"}
 *
 * hash is the SHA-256 (FIPS 180-4) of the line's bytes before ,"hash":" and prev is the hash of the line
 * before, also when that is the last one of another file; before the very first stand 64 zeros.  So an
 * altered line does not fit its own hash, and where one is missing the next does not fit the one before.  A
 * sealed record has one more member, ,"hmac":"<64 hex>", right before the hash: the HMAC-SHA256 (RFC 2104) of
 * the bytes before it, with a key that those who can write the file do not have.  What else a seal says is in
 * gateway/audit/seal.h. */
#ifndef GATEWAY_AUDIT_CHAIN_H
#define GATEWAY_AUDIT_CHAIN_H

#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/secret.h"

enum {
    CHAIN_HEX = 64,             /* digits of a SHA-256 */
    CHAIN_LINE_MAX = 72 * 1024, /* bytes: 100 ids of 256 bytes each, escaped, and the rest */
};

/* The last line of a chain. */
struct chain_head {
    unsigned long long seq; /* 0: none yet */
    char hash[CHAIN_HEX + 1];
};

void chain_begin(struct chain_head *head);

/* The line behind `head`: chain_open(), the members each with json_member() and the like, for a sealed record
 * chain_seal(), then chain_close() with its line feed.  -1: memory is out, the line too long, or OpenSSL
 * failed. */
void chain_open(struct buf *line, const struct chain_head *head);
MUST_USE int chain_seal(struct buf *line, const struct secret *key, char mac[CHAIN_HEX + 1], struct err *err);
MUST_USE int chain_close(struct buf *line, struct chain_head *head, struct err *err);

enum chain_fit {
    CHAIN_WHOLE,
    CHAIN_ALTERED, /* of the form, but its hash is another */
    CHAIN_FOREIGN, /* not of the form: torn, or never one of our lines */
};

struct chain_line {
    struct chain_head head; /* its own seq and hash */
    char prev[CHAIN_HEX + 1];
};

/* `length` bytes without the line feed. */
MUST_USE enum chain_fit chain_read(const char *bytes, size_t length, struct chain_line *line);

/* Is the whole line of that kind: "intent", "outcome", "open", "seal"? */
bool chain_is(const char *bytes, size_t length, const char *kind);

/* When the whole line says that it was written, in ms since 1970; false: it does not say so in its front. */
MUST_USE bool chain_time(const char *bytes, size_t length, int64_t *time);

/* The HMAC of a sealed record; false: it has none. */
MUST_USE bool chain_mac(const char *bytes, size_t length, char mac[CHAIN_HEX + 1]);

/* Was the HMAC made with this key? */
bool chain_is_sealed(const char *bytes, size_t length, const struct secret *key);

/* The SHA-256 of the bytes in hex; -1 when OpenSSL fails. */
MUST_USE int chain_hash(const char *bytes, size_t length, char hex[CHAIN_HEX + 1]);

#endif
