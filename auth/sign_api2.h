/* auth/sign_api2.h - the signature of API 2.0 (HmacSHA1 and HmacSHA256), as auth/sign.c calls it. */
#ifndef AUTH_SIGN_API2_H
#define AUTH_SIGN_API2_H

#include "auth/sign.h"

MUST_USE int sign_api2(struct signer *signer, const struct config_upstream *upstream, const struct call *call,
                       int64_t now, int64_t nonce, struct arena *arena, struct signed_request *out,
                       struct err *err);

#endif
