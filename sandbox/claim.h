/* sandbox/claim.h - what a request says of itself, wherever its scheme wants that said. */
#ifndef SANDBOX_CLAIM_H
#define SANDBOX_CLAIM_H

#include "base/base.h"
#include "base/err.h"
#include "sandbox/http.h"
#include "sandbox/params.h"

enum claim_scheme {
    CLAIM_API2,  /* generation 2: all among the parameters               */
    CLAIM_QUERY, /* generation 3, "signature v1": likewise               */
    CLAIM_TC3,   /* generation 3: X-TC-* fields and an Authorization     */
};

/* NULL where it is absent.  The texts point into the request, the parameters or `copy`. */
struct claim {
    enum claim_scheme scheme;
    const char *action;
    const char *version;
    const char *region;
    const char *timestamp;
    const char *nonce;
    const char *secret_id;
    const char *token;
    const char *signature;
    const char *signature_method;
    const char *date;           /* of the credential scope, CLAIM_TC3 */
    const char *service;        /* likewise                           */
    const char *signed_headers; /* likewise                           */
    bool malformed;             /* there is an Authorization, but not of TC3's form */
    char *copy;
};

/* By the path and the Authorization. */
enum claim_scheme claim_scheme(const struct http_request *request);

/* Fills what `params` (already read) and the fields say; claim->scheme is set.  -1 when memory is out.  The
 * owner calls claim_done() in either case. */
MUST_USE int claim_read(struct claim *claim, const struct http_request *request, const struct params *params);
void claim_done(struct claim *claim);

/* Is this the name of a parameter that every action of generation 3 takes, when all is said in parameters? */
bool claim_is_common(const char *name);

#endif
