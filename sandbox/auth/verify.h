/* sandbox/auth/verify.h - is this request signed by whom it says, now, and for the first time?
 *
 * The schemes are the vendor's "signature method" page of API 2.0, and "signature v1" and "v3" of API 3.0. In
 * which order several faults are told is not documented; docs/sandbox.md lists the order taken here. */
#ifndef SANDBOX_AUTH_VERIFY_H
#define SANDBOX_AUTH_VERIFY_H

#include "base/base.h"
#include "base/buf.h"
#include "base/secret.h"
#include "sandbox/auth/auth_params.h"
#include "sandbox/http/http.h"
#include "sandbox/auth/nonce_cache.h"
#include "sandbox/state/outcome.h"
#include "sandbox/http/params.h"
#include "sandbox/state/state.h"
#include "sandbox/auth/tc3.h"

enum {
    VERIFY_SEAL_SIZE = TC3_SEAL_SIZE,   /* hex of 32 bytes; base64 of them is shorter */
    VERIFY_TEXT_MAX = 2 * HTTP_BODY_MAX /* of the signed string */
};

/* As received; all borrowed. */
struct verify_subject {
    const struct http_request *request;
    const struct params *params;
    const struct auth_params *claim;
};

/* What one signature may cover, where callers differ. */
struct verify_reading {
    const char *host; /* what the caller may have meant by its Host field */
    bool whole;       /* of a POST, also values that start with '@' (the old mark of an uploaded file) */
};

/* The string that the caller must have signed, unless it is TC3: every parameter but Signature.  Generation 3
 * leaves '_' in names as it is. */
void verify_compose(const struct verify_subject *subject, const struct verify_reading *reading,
                    struct buf *text);

/* base64(HMAC(key, text)): SHA-256 when `method` is exactly "HmacSHA256", SHA-1 when it is anything else or
 * NULL. */
MUST_USE int verify_seal(const struct buf *text, const char *method, const struct secret *key,
                         char out[VERIFY_SEAL_SIZE]);

struct verify_desk {
    const struct state *state; /* its accounts */
    struct nonce_cache *replay;
    int64_t window; /* seconds, both ways */
    int64_t now;    /* seconds since 1970 */
};

/* 0, or -1 with the reason in `outcome`.  A request is remembered against replay only when all else is
 * right. */
MUST_USE int verify_request(const struct verify_desk *desk, const struct verify_subject *subject,
                            struct outcome *outcome);

#endif
