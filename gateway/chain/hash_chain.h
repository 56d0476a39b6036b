/* gateway/chain/hash_chain.h - one line of an audit file, and how it is chained to the line before it.
 *
 *   {"seq":12,"prev":"<64 hex>","audit":"intent",<members>,"hash":"<64 hex>"}
 *
 * hash is the SHA-256 (FIPS 180-4) of the line's bytes before ,"hash":" and prev is the hash of the line
 * before, also when that is the last one of another file; before the very first stand 64 zeros.  So an
 * altered line does not fit its own hash, and where one is missing the next does not fit the one before.  A
 * sealed record has one more member, ,"hmac":"<64 hex>", right before the hash: the HMAC-SHA256 (RFC 2104) of
 * the bytes before it, with a key that those who can write the file do not have.  What else a seal says is in
 * gateway/audit/seal.h. */
#ifndef GATEWAY_CHAIN_HASH_CHAIN_H
#define GATEWAY_CHAIN_HASH_CHAIN_H

#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/secret.h"

enum {
    HASH_CHAIN_FORMAT = 3,            /* of the records, as `open` says it: docs/formats.md */
    HASH_CHAIN_NAME = 64,             /* bytes of a gateway's name, at most: text_is_name() */
    HASH_CHAIN_HEX = 64,              /* digits of a SHA-256 */
    HASH_CHAIN_LINE_MAX = 264 * 1024, /* bytes: the values of one call, whole and escaped, and the rest */
};

/* The last line of a chain. */
struct hash_chain_head {
    unsigned long long seq; /* 0: none yet */
    char hash[HASH_CHAIN_HEX + 1];
};

void hash_chain_begin(struct hash_chain_head *head);

/* The line behind `head`: hash_chain_open(), the members each with json_member() and the like, for a sealed
 * record hash_chain_seal(), then hash_chain_close() with its line feed.  -1: memory is out, the line too
 * long, or OpenSSL failed. */
void hash_chain_open(struct buf *line, const struct hash_chain_head *head);
MUST_USE int hash_chain_seal(struct buf *line, const struct secret *key, char mac[HASH_CHAIN_HEX + 1],
                             struct err *err);
MUST_USE int hash_chain_close(struct buf *line, struct hash_chain_head *head, struct err *err);

enum hash_chain_fit {
    HASH_CHAIN_WHOLE,
    HASH_CHAIN_ALTERED, /* of the form, but its hash is another */
    HASH_CHAIN_FOREIGN, /* not of the form: torn, or never one of our lines */
};

struct hash_chain_line {
    struct hash_chain_head head; /* its own seq and hash */
    char prev[HASH_CHAIN_HEX + 1];
};

/* `length` bytes without the line feed. */
MUST_USE enum hash_chain_fit hash_chain_read(const char *bytes, size_t length, struct hash_chain_line *line);

/* Is the whole line of that kind, one of those in hash_chain.c? */
bool hash_chain_is(const char *bytes, size_t length, const char *kind);

/* Is its kind one that this release knows?  If not, `kind`, which may be NULL, gets its name, cut to `size`.
 */
bool hash_chain_is_known(const char *bytes, size_t length, char *kind, size_t size);

/* When the whole line says that it was written, in ms since 1970; false: it does not say so in its front. */
MUST_USE bool hash_chain_time(const char *bytes, size_t length, int64_t *time);

/* Which gateway wrote it; false: it does not say so in its front, as before format 3. */
MUST_USE bool hash_chain_instance(const char *bytes, size_t length, char name[HASH_CHAIN_NAME + 1]);

/* The HMAC of a sealed record; false: it has none. */
MUST_USE bool hash_chain_mac(const char *bytes, size_t length, char mac[HASH_CHAIN_HEX + 1]);

/* Was the HMAC made with this key? */
bool hash_chain_is_sealed(const char *bytes, size_t length, const struct secret *key);

/* The SHA-256 of the bytes in hex; -1 when OpenSSL fails. */
MUST_USE int hash_chain_hash(const char *bytes, size_t length, char hex[HASH_CHAIN_HEX + 1]);

#endif
