/* sandbox/auth/tc3.h - the stages of TC3-HMAC-SHA256, each to be tested alone.
 *
 * Written from the vendor's "signature v3" page, from the bytes on the wire; shares nothing with the signing
 * side. */
#ifndef SANDBOX_AUTH_TC3_H
#define SANDBOX_AUTH_TC3_H

#include "base/base.h"
#include "base/buf.h"
#include "base/secret.h"
#include "sandbox/auth/auth_params.h"
#include "sandbox/http/http.h"

enum { TC3_SEAL_SIZE = 65, TC3_TEXT_MAX = 128 * 1024 };

/* Whether the SignedHeaders are lower-case, in order, all there, and content-type and host among them. */
bool tc3_signs_enough(const struct http_request *request, const struct auth_params *claim);

/* The canonical request; `host` is what the caller may have meant by its Host field. */
void tc3_put_canonical(struct buf *out, const struct http_request *request, const struct auth_params *claim,
                       const char *host);

/* The string to sign. */
void tc3_put_text(struct buf *out, const struct auth_params *claim, const struct buf *canonical);

/* Lower-case hex of the signature.  -1 when OpenSSL refuses. */
MUST_USE int tc3_seal(const struct buf *text, const struct auth_params *claim, const struct secret *key,
                      char out[TC3_SEAL_SIZE]);

/* Is the scope's date the UTC date of `timestamp`, in seconds? */
bool tc3_is_date_of(const char *date, long long timestamp);

#endif
