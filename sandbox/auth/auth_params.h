/* sandbox/auth/auth_params.h - what a request says of itself, wherever its scheme wants that said. */
#ifndef SANDBOX_AUTH_AUTH_PARAMS_H
#define SANDBOX_AUTH_AUTH_PARAMS_H

#include "base/base.h"
#include "base/err.h"
#include "sandbox/http/http.h"
#include "sandbox/http/params.h"

enum auth_params_scheme {
    AUTH_PARAMS_API2,  /* generation 2: all among the parameters               */
    AUTH_PARAMS_QUERY, /* generation 3, "signature v1": likewise               */
    AUTH_PARAMS_TC3,   /* generation 3: X-TC-* fields and an Authorization     */
    AUTH_PARAMS_SKIP,  /* likewise, but unsigned: another proof is in the body */
};

/* NULL where it is absent.  The texts point into the request, the parameters or `copy`. */
struct auth_params {
    enum auth_params_scheme scheme;
    const char *action;
    const char *version;
    const char *region;
    const char *timestamp;
    const char *nonce;
    const char *secret_id;
    const char *token;
    const char *signature;
    const char *signature_method;
    const char *date;           /* of the credential scope, AUTH_PARAMS_TC3 */
    const char *service;        /* likewise                           */
    const char *signed_headers; /* likewise                           */
    bool malformed;             /* there is an Authorization, but not of TC3's form */
    char *copy;
};

/* By the path and the Authorization. */
enum auth_params_scheme auth_params_scheme(const struct http_request *request);

/* Fills what `params` (already read) and the fields say; claim->scheme is set.  -1 when memory is out.  The
 * owner calls auth_params_done() in either case. */
MUST_USE int auth_params_read(struct auth_params *claim, const struct http_request *request,
                              const struct params *params);
void auth_params_done(struct auth_params *claim);

/* Is this the name of a parameter that every action of generation 3 takes, when all is said in parameters? */
bool auth_params_is_common(const char *name);

#endif
