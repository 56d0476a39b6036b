/* auth/token.h - who is calling?  Pure: no clock, no log.  Safe from many threads. */
#ifndef AUTH_TOKEN_H
#define AUTH_TOKEN_H

#include "base/base.h"
#include "config/model/config.h"

enum {
    TOKEN_MAX = 2048,     /* bytes of a token that we look at */
    TOKEN_TEXT_SIZE = 47, /* of a new one: "cs_", 43 of base64url (256 bits), NUL */
};

enum token_verdict { TOKEN_GOOD, TOKEN_UNKNOWN, TOKEN_EXPIRED, TOKEN_FAILED };

/* RFC 6750 section 2.1: the token68 in an Authorization field's value, with its length; NULL when the value
 * is NULL, another scheme, or not exactly one token.  The scheme's name is case-insensitive (RFC 9110,
 * 11.1). */
const char *token_of_authorization(const char *value, size_t *length);

/* Is it a token68 of 1 to TOKEN_MAX bytes: can a caller send it? */
bool token_is_sendable(const char *token, size_t length);

/* Hashes (also when `token` is NULL, so that all refusals cost the same), looks the digest up, and compares
 * it in constant time.  A token that is disabled or before its time is unknown.  `*found` is written
 * where there is such a token, also one that is disabled: for the log.  TOKEN_FAILED: the hash failed. */
MUST_USE enum token_verdict token_check(const struct config *config, const char *token, size_t length,
                                        int64_t now, const struct config_token **found);

/* The same for operators' tokens: those of clients are unknown here, and theirs there. */
MUST_USE enum token_verdict token_check_operator(const struct config *config, const char *token,
                                                 size_t length, int64_t now,
                                                 const struct config_token **found);

/* SHA-256; -1 when OpenSSL fails. */
MUST_USE int token_digest(const char *token, size_t length, unsigned char digest[CONFIG_DIGEST_SIZE]);

/* A fresh random token; -1 when there is no randomness. */
MUST_USE int token_make(char out[TOKEN_TEXT_SIZE]);

#endif
