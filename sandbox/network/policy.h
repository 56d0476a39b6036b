/* sandbox/network/policy.h - the policies of a security group: ordered lists, one for each direction.
 *
 * One call changes one direction, all of its rules or none. A rule with a PolicyIndex is put there, one
 * without at the end. Rules that name services or addresses by a template are unsupported. */
#ifndef SANDBOX_NETWORK_POLICY_H
#define SANDBOX_NETWORK_POLICY_H

#include "sandbox/call/action.h"

MUST_USE int policy_create(struct action_call *call); /* CreateSecurityGroupPolicies */
MUST_USE int
policy_delete(struct action_call *call); /* DeleteSecurityGroupPolicies: by PolicyIndex, or by all else */
MUST_USE int policy_describe(struct action_call *call); /* DescribeSecurityGroupPolicies */

#endif
