/* gateway/keeper/issued.h - a temporary credential as those who issue it write it.
 *
 * The metadata service answers {TmpSecretId, TmpSecretKey, Token, ExpiredTime, Expiration, Code}, STS
 * {Response: {Credentials: {TmpSecretId, TmpSecretKey, Token}, ExpiredTime, Expiration}} (the vendor's pages
 * 213/4934 and 1312/48197).  A command may print either, so that the output of the vendor's own command line
 * will do, or SecretId and SecretKey. */
#ifndef GATEWAY_KEEPER_ISSUED_H
#define GATEWAY_KEEPER_ISSUED_H

#include "base/base.h"
#include "base/err.h"
#include "config/model/config.h"

enum {
    ISSUED_CODE_MAX = 64, /* characters of an error's code that are shown */
};

/* What one answer brought.  All zero in the beginning. */
struct issued {
    struct config_credential parts; /* id, key and token; owned */
    int64_t left_us;                /* of its life, when it was read */
    char code[ISSUED_CODE_MAX + 1]; /* of an answer that refuses; "": it did not say, or does not */
};
void issued_done(struct issued *issued);

/* `now` is the issuer's clock, seconds since 1970.  -1 with `err`, which quotes nothing but an error's code,
 * where it is no such answer, has an end that is past or none, or a value that cannot be sent. */
MUST_USE int issued_read(const char *bytes, size_t length, int64_t now, struct issued *issued,
                         struct err *err);

#endif
