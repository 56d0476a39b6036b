/* auth/sign/signer.h - one credential of an upstream, ready to sign: its MAC is keyed once. */
#ifndef AUTH_SIGN_SIGNER_H
#define AUTH_SIGN_SIGNER_H

#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "config/model/config.h"

enum {
    SIGNER_TEXT_MAX = 72, /* a SHA-256 HMAC has 44 characters in base64, 64 in hex */
    SIGNER_MAC =
        32, /* bytes of a SHA-256 HMAC, and of a SHA-1 one there is room for; of TC3's key of a day */
    SIGNER_DATE = sizeof "2026-11-25",
};

/* For one thread at a time. */
struct signer;

/* Borrows the upstream (its scheme and method) and one of its credentials.  NULL with `err` set when OpenSSL
 * fails. */
MUST_USE struct signer *signer_new(const struct config_upstream *upstream,
                                   const struct config_credential *credential, struct err *err);
void signer_free(struct signer *signer);

/* Whose name stands in what it signs. */
const struct config_credential *signer_credential(const struct signer *signer);
const struct config_upstream *signer_upstream(const struct signer *signer);

/* TC3's key is another one each day: from now on it signs with that of `date`.  Only OpenSSL keeps it, and
 * wipes it with the signer. */
MUST_USE int signer_rekey(struct signer *signer, const char *date, const unsigned char key[SIGNER_MAC],
                          struct err *err);
bool signer_is_of(const struct signer *signer, const char *date);

/* HMAC(key, string), of `*length` bytes; and the same in base64. */
MUST_USE int signer_prove(struct signer *signer, const struct buf *string, unsigned char mac[SIGNER_MAC],
                          size_t *length, struct err *err);
MUST_USE int signer_mac(struct signer *signer, const struct buf *string, char out[SIGNER_TEXT_MAX],
                        struct err *err);

#endif
