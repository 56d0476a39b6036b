/* sandbox/actions/instance.h - instances that calls of generation 3 make, in a subnet, and remove.
 *
 * A new one runs at once.  A ClientToken that made instances names them again, as long as there are any. */
#ifndef SANDBOX_ACTIONS_INSTANCE_H
#define SANDBOX_ACTIONS_INSTANCE_H

#include "sandbox/call/action.h"

MUST_USE int instance_run(struct action_call *call); /* RunInstances: all of them, or none */
MUST_USE int
instance_terminate(struct action_call *call); /* TerminateInstances: likewise, classic ones, too */

#endif
