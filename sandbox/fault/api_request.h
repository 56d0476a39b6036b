/* sandbox/fault/api_request.h - one API request while it is being answered: each step reads what the
 * steps before it wrote. */
#ifndef SANDBOX_FAULT_API_REQUEST_H
#define SANDBOX_FAULT_API_REQUEST_H

#include "sandbox/auth/auth_params.h"
#include "sandbox/fault/fault.h"
#include "sandbox/http/http.h"
#include "sandbox/state/outcome.h"
#include "sandbox/http/params.h"
#include "sandbox/state/state.h"

struct api_request {
    const struct http_request *request; /* borrowed */
    struct http_answer *answer;         /* borrowed */
    struct state *state;                /* borrowed */
    int64_t received_ms;                /* since 1970, by the real clock */
    int64_t now;                        /* seconds, by the clock that faults may skew */
    int generation;                     /* of the API: 2, or 3 */
    bool json; /* the body is JSON: `params` are of a query or form, or read by the action */
    struct params params;
    struct auth_params claim;
    const char *action; /* "" when none was given */
    struct fault_strike strike;
    struct outcome outcome;
    bool judged; /* it was verified, and answered by the action or its refusal: no fault stood in */
};

#endif
