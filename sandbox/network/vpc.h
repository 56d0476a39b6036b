/* sandbox/network/vpc.h - VPCs that calls of generation 3 make and remove. */
#ifndef SANDBOX_NETWORK_VPC_H
#define SANDBOX_NETWORK_VPC_H

#include "sandbox/call/action.h"

MUST_USE int vpc_create(struct action_call *call); /* CreateVpc: one of RFC 1918's networks, /12 to /28 */
MUST_USE int vpc_delete(struct action_call *call); /* DeleteVpc: one without subnets and links          */

#endif
