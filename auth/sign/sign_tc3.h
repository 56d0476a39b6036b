/* auth/sign/sign_tc3.h - TC3-HMAC-SHA256, the signature of API 3.0, in stages:
 *
 *   what we say          the JSON body; composed once, and these bytes are hashed and sent
 *   what stands for it   the canonical request: method, path, signed headers, the body's hash
 *   what we sign         algorithm, time, scope, the canonical request's hash
 *   what proves it       a key that is good for one day and one service, and its HMAC in hex
 *
 * Source: the vendor's page "signature method v3", whose three generations of samples are vectors of the
 * tests. */
#ifndef AUTH_SIGN_SIGN_TC3_H
#define AUTH_SIGN_SIGN_TC3_H

#include "auth/call.h"
#include "auth/sign/signed_request.h"
#include "auth/sign/signer.h"
#include "base/arena.h"

enum {
    SIGN_TC3_KEY = SIGNER_MAC,
    SIGN_TC3_HEX = 65, /* a SHA-256 in hex, with its NUL */
    SIGN_TC3_DATE = SIGNER_DATE,
};

struct sign_header {
    const char *name;  /* lower-case */
    const char *value; /* signed in lower case */
};

MUST_USE int sign_tc3(struct signer *signer, const struct call *call, int64_t now, struct arena *arena,
                      struct signed_request *out, struct err *err);

/* ---- the stages, for tests ---- */

/* The call's parameters as the JSON object that API 3.0 takes. */
void sign_tc3_compose(const struct call *call, struct buf *body);

/* `headers` come sorted by name. */
MUST_USE int sign_tc3_canonicalize(const char *path, const struct sign_header *headers, size_t count,
                                   const struct buf *body, struct buf *out, struct err *err);

/* The UTC day of `now`; -1 beyond the calendar. */
MUST_USE int sign_tc3_date(int64_t now, char date[SIGN_TC3_DATE]);

MUST_USE int sign_tc3_string(const struct buf *canonical, int64_t now, const char *service, struct buf *out,
                             struct err *err);

MUST_USE int sign_tc3_key(const struct secret *secret_key, const char *date, const char *service,
                          unsigned char key[SIGN_TC3_KEY], struct err *err);

/* With the key that the signer has. */
MUST_USE int sign_tc3_mac(struct signer *signer, const struct buf *string, char signature[SIGNER_TEXT_MAX],
                          struct err *err);

#endif
