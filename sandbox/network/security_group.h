/* sandbox/network/security_group.h - security groups, which generation 3 alone has here. */
#ifndef SANDBOX_NETWORK_SECURITY_GROUP_H
#define SANDBOX_NETWORK_SECURITY_GROUP_H

#include "sandbox/call/action.h"

MUST_USE int
security_group_create(struct action_call *call); /* CreateSecurityGroup                           */
MUST_USE int
security_group_delete(struct action_call *call); /* DeleteSecurityGroup: one that nothing names   */
MUST_USE int
security_group_describe(struct action_call *call); /* DescribeSecurityGroups                        */

/* The group in the call's region; NULL with the refusal. */
struct state_group *security_group_find(struct action_call *call, const char *id);

#endif
