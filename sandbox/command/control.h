/* sandbox/command/control.h - /_sandbox/: what tests ask the sandbox about itself, and how they change its
 * faults. */
#ifndef SANDBOX_COMMAND_CONTROL_H
#define SANDBOX_COMMAND_CONTROL_H

#include "base/base.h"
#include "sandbox/actions/counters.h"
#include "sandbox/fault/fault.h"
#include "sandbox/http/http.h"
#include "sandbox/state/state.h"

struct control {
    struct state *state;
    struct fault_set *faults;
    struct counters *tally;
};

/* False: the path is none of its own. */
MUST_USE bool control_answer(const struct control *control, const struct http_request *request,
                             struct http_answer *answer);

#endif
