/* auth/sign/signer.h - one credential of an upstream, ready to sign: its MAC is keyed once. */
#ifndef AUTH_SIGN_SIGNER_H
#define AUTH_SIGN_SIGNER_H

#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "config/model/config.h"

enum {
    SIGNER_TEXT_MAX = 72, /* a SHA-256 HMAC has 44 characters in base64, 64 in hex */
    SIGNER_DAY_KEY = 32,  /* bytes of TC3's key of a day */
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

/* TC3's key of a day, kept by auth/sign/sign_tc3.c for the next call of that day; wiped with the signer. */
struct signer_day {
    char date[SIGNER_DATE]; /* of `key`; "": none */
    unsigned char key[SIGNER_DAY_KEY];
};
struct signer_day *signer_day(struct signer *signer);

/* base64(HMAC(key, string)) */
MUST_USE int signer_mac(struct signer *signer, const struct buf *string, char out[SIGNER_TEXT_MAX],
                        struct err *err);

#endif
