/* gateway/door_sdk/sdk_request.h - a request in the vendor's protocol 3.0, as its SDKs send it: what is
 * asked for, and where the parameters are.
 *
 * With a TC3 signature the common parameters are header fields (X-TC-Action, ...), and the document is the
 * JSON body, or the query of a GET.  With HmacSHA1 and HmacSHA256 all parameters are in a form or a query
 * (Action, ...).  The signature itself, its time and its nonce are not looked at: the caller has no key of
 * the cloud's. */
#ifndef GATEWAY_DOOR_SDK_SDK_REQUEST_H
#define GATEWAY_DOOR_SDK_SDK_REQUEST_H

#include "gateway/exchange/exchange.h"

enum { SDK_REQUEST_PAIRS_MAX = 1024 }; /* of a form: 100 ids, and filters */

/* Each may be NULL: not said. */
struct sdk_request {
    const char *action, *version, *region;
    const char *token;     /* X-TC-Token, or Token */
    const char *secret_id; /* of the credential that it was signed with, or SecretId */
    const char *scope;     /* the service that the signature is for */
    const char *client;    /* "SDK_PYTHON_3.1.162": X-TC-RequestClient, or RequestClient */
    bool bearer;           /* Authorization has another token */
    bool flat;             /* the document is in `pairs`, and not the JSON body */
    struct target_pair *pairs;
    size_t pair_count;
    const struct config_action *found; /* what is asked for; NULL: nothing that there is */
    bool identity;                     /* sts:GetCallerIdentity */
};

/* Is it one, by its head alone, which may have been refused?  At '/', or at another path that nothing else
 * has: an endpoint with a path is for a proxy in front. */
bool sdk_request_is(const struct exchange *x);

/* Does its caller have the older protocol, API 2.0's, which this door does not take?  It is told so in that
 * one's form.  By its path, and because it says no version. */
bool sdk_request_is_older(const struct exchange *x);

/* Writes x->sdk.  A form is read from the connection: its caller's token is in it. */
enum problem sdk_request_read(struct exchange *x);

#endif
