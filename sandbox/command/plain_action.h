/* sandbox/command/plain_action.h - the actions of API 3.0 that the sandbox keeps no state for: the request is
 * checked, and the answer made, by their definition. */
#ifndef SANDBOX_COMMAND_PLAIN_ACTION_H
#define SANDBOX_COMMAND_PLAIN_ACTION_H

#include "config/definitions/definitions.h"
#include "sandbox/fault/api_request.h"

/* `service` may be NULL: it is not known.  0 with the whole answer, or -1 with the reason in the outcome. */
MUST_USE int plain_action_run(struct api_request *x, const char *service,
                              const struct definitions_action *action);

#endif
