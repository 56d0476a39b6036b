/* gateway/response/secret_scan.h - does an upstream's answer hold something of ours that is secret?
 *
 * The credentials of the upstream and the signature that was sent are looked for as they are, in base64 and
 * base64url at any alignment and in hexadecimal, and all of these behind the escapes of JSON and of URLs.
 * Texts shorter than SECRET_SCAN_MIN are not looked for: they would be found everywhere. */
#ifndef GATEWAY_RESPONSE_SECRET_SCAN_H
#define GATEWAY_RESPONSE_SECRET_SCAN_H

#include "auth/call.h"
#include "base/base.h"
#include "config/model/config.h"

enum { SECRET_SCAN_MIN = 8 };

/* The credential and its spare, which may be NULL.  True too when memory is out: what cannot be searched is
 * not passed on. */
MUST_USE bool secret_scan_found(const char *bytes, size_t length,
                                const struct config_credential *const both[2], const char *signature);

/* Does a short text of the upstream's hold a secret value of the call, in any of these forms?  True too of a
 * text beside a value that is too short to be looked for. */
MUST_USE bool secret_scan_repeats(const char *text, const struct call *call);

#endif
