/* auth/sign/sign_form.h - HmacSHA1 and HmacSHA256 over sorted pairs, as auth/sign/sign.c calls it: the
 * signature of API 2.0, and the query signature of API 3.0 ("signature v1" on the vendor's pages). */
#ifndef AUTH_SIGN_SIGN_FORM_H
#define AUTH_SIGN_SIGN_FORM_H

#include "auth/call.h"
#include "auth/sign/signed_request.h"
#include "auth/sign/signer.h"
#include "base/arena.h"

MUST_USE int sign_form(struct signer *signer, const struct call *call, int64_t now, int64_t nonce,
                       struct arena *arena, struct signed_request *out, struct err *err);

#endif
