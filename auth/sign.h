/* auth/sign.h - from a sealed call to the bytes that go to the cloud, in stages, one file per scheme:
 *
 *   sign_form.c   what we say is the parameters, the common ones among them, flat and sorted; what proves it
 * is the HMAC of their canonical string in base64; a target goes out, and for POST a form sign_tc3.c    what
 * we say is a JSON body; a target, the body and header fields go out
 *
 * Time and nonce are arguments.  Nothing here keeps state but the keyed MAC. */
#ifndef AUTH_SIGN_H
#define AUTH_SIGN_H

#include "auth/call.h"
#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "config/config.h"

enum {
    SIGN_STRING_MAX = 256 * 1024, /* canonical string, target and body: 100 ids take 6 KiB */
    SIGN_TEXT_MAX = 72,           /* a SHA-256 HMAC has 44 characters in base64, 64 in hex */
};

/* The Content-Type of TC3's bodies: it is signed. */
#define SIGN_JSON_TYPE "application/json; charset=utf-8"

/* A MAC keyed once; for one thread at a time. */
struct signer;

/* Borrows the upstream (its scheme and method) and one of its credentials.  NULL with `err` set when OpenSSL
 * fails. */
MUST_USE struct signer *signer_new(const struct config_upstream *upstream,
                                   const struct config_credential *credential, struct err *err);
void signer_free(struct signer *signer);

/* Whose name stands in what it signs. */
const struct config_credential *signer_credential(const struct signer *signer);

/* What signing gives; init once, reuse.  Holds a signature: wiped by sign_done(). */
struct signed_request {
    struct buf canonical;          /* TC3: the canonical request, whose hash is signed */
    struct buf string;             /* what was signed */
    char signature[SIGN_TEXT_MAX]; /* base64; TC3: hex */
    struct buf target;             /* /v2/index.php?... */
    struct buf fields;             /* TC3: header fields of this call, each with a NUL behind it */
    struct buf body;               /* POST: application/x-www-form-urlencoded; TC3: JSON */
};

void signed_request_init(struct signed_request *request);
void signed_request_done(struct signed_request *request);

/* Empty; of each part, memory of more than `kept` bytes is given back. */
void signed_request_rest(struct signed_request *request, size_t kept);

/* `now` in seconds since 1970; `nonce` 1 to 2^31 - 1; `call` is sealed.  Scratch memory comes from `arena`.
 */
MUST_USE int sign_call(struct signer *signer, const struct call *call, int64_t now, int64_t nonce,
                       struct arena *arena, struct signed_request *out, struct err *err);

/* ---- the stages, for tests ---- */

/* base64(HMAC(key, string)) */
MUST_USE int signer_mac(struct signer *signer, const struct buf *string, char out[SIGN_TEXT_MAX],
                        struct err *err);

/* TC3's key of the day of `now` for the upstream's service; derived once a day. */
MUST_USE int signer_day_key(struct signer *signer, int64_t now, unsigned char *key, struct err *err);

#endif
