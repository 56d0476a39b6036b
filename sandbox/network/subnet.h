/* sandbox/network/subnet.h - subnets, which generation 3 alone has here. */
#ifndef SANDBOX_NETWORK_SUBNET_H
#define SANDBOX_NETWORK_SUBNET_H

#include "sandbox/call/action.h"

MUST_USE int
subnet_create(struct action_call *call); /* CreateSubnet: in its VPC's network, beside the others */
MUST_USE int subnet_delete(struct action_call *call);   /* DeleteSubnet    */
MUST_USE int subnet_describe(struct action_call *call); /* DescribeSubnets */

/* The subnet in the call's region; NULL with the refusal. */
struct state_subnet *subnet_find(struct action_call *call, const char *id);

#endif
