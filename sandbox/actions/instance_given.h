/* sandbox/actions/instance_given.h - what RunInstances says of the instances that it makes. */
#ifndef SANDBOX_ACTIONS_INSTANCE_GIVEN_H
#define SANDBOX_ACTIONS_INSTANCE_GIVEN_H

#include "sandbox/call/maker.h"

/* 0 when all that is asked for can be, or -1 with the refusal. */
MUST_USE int instance_given_check(struct action_call *call);

/* Gives the maker every member of an Instance that the call chose, or that a new one has otherwise than a
 * classic one. */
void instance_given_put(struct maker *maker, const char *id, const struct state_subnet *subnet);

#endif
