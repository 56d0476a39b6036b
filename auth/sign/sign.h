/* auth/sign/sign.h - from a sealed call to the bytes that go to the cloud, in stages, one file per scheme:
 *
 *   sign_form.c   API 2.0, and the query signature of API 3.0: the parameters and the common ones, sorted;
 *                 an HMAC of their canonical string in base64; sent as a query, or as a form by POST
 *   sign_tc3.c    TC3-HMAC-SHA256 of API 3.0: a JSON body, sent with header fields of its own
 *
 * Time and nonce are arguments.  Nothing here keeps state but the keyed MAC (auth/sign/signer.h). */
#ifndef AUTH_SIGN_SIGN_H
#define AUTH_SIGN_SIGN_H

#include "auth/call.h"
#include "auth/sign/signed_request.h"
#include "auth/sign/signer.h"
#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"

/* `now` in seconds since 1970; `nonce` 1 to 2^31 - 1; `call` is sealed.  Scratch memory comes from
 * `arena`. */
MUST_USE int sign_call(struct signer *signer, const struct call *call, int64_t now, int64_t nonce,
                       struct arena *arena, struct signed_request *out, struct err *err);

#endif
