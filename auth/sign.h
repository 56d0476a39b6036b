/* auth/sign.h - from a sealed call to the bytes that go to the cloud, in stages:
 *
 *   what we say          the parameters, the common ones among them, flat and sorted
 *   what we sign         the canonical string
 *   what proves it       its HMAC, base64
 *   what goes out        the request target, and for POST a form body
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
    SIGN_TEXT_MAX = 64,           /* base64 of a SHA-256 HMAC has 44 characters */
};

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
    struct buf string;             /* what was signed */
    char signature[SIGN_TEXT_MAX]; /* base64 */
    struct buf target;             /* /v2/index.php?... */
    struct buf body;               /* POST: application/x-www-form-urlencoded */
};

void signed_request_init(struct signed_request *request);
void signed_request_done(struct signed_request *request);

/* `now` in seconds since 1970; `nonce` 1 to 2^31 - 1; `call` is sealed.  Scratch memory comes from `arena`.
 */
MUST_USE int sign_call(struct signer *signer, const struct call *call, int64_t now, int64_t nonce,
                       struct arena *arena, struct signed_request *out, struct err *err);

/* ---- the stages, for tests ---- */

struct sign_pair {
    const char *name;
    const char *value;
};

/* Sorts by name in byte order, then writes METHOD host path ? name=value&... with '_' in names as '.'. */
MUST_USE int sign_api2_canonicalize(struct sign_pair *pairs, size_t count, const char *method,
                                    const char *host, const char *path, struct buf *out, struct err *err);

/* base64(HMAC(key, string)) */
MUST_USE int signer_mac(struct signer *signer, const struct buf *string, char out[SIGN_TEXT_MAX],
                        struct err *err);

#endif
