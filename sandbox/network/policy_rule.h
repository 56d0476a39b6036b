/* sandbox/network/policy_rule.h - one rule of a SecurityGroupPolicySet, as a call says it. */
#ifndef SANDBOX_NETWORK_POLICY_RULE_H
#define SANDBOX_NETWORK_POLICY_RULE_H

#include "sandbox/call/action.h"

/* Texts of the parameters; NULL where one is absent. */
struct policy_rule {
    const char *index;
    const char *protocol;
    const char *port;
    const char *cidr;
    const char *cidr6;
    const char *group;
    const char *action;
    const char *description;
};

/* Reads SecurityGroupPolicySet.Ingress.`number` and so on; false when there is none. */
bool policy_rule_read(const struct action_call *call, enum state_direction direction, size_t number,
                      struct policy_rule *rule);

/* 0 when it can be made, or -1 with the refusal. */
MUST_USE int policy_rule_check(struct action_call *call, const struct policy_rule *rule);

/* Is every part that the rule has the policy's?  A rule without a port is one for all ports. */
bool policy_rule_is(const struct policy_rule *rule, const struct state_policy *policy);

/* The protocol's port where the rule has none. */
const char *policy_rule_port(const struct policy_rule *rule);

#endif
