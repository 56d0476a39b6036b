/* sandbox/actions/describe.h - the actions that only read. */
#ifndef SANDBOX_ACTIONS_DESCRIBE_H
#define SANDBOX_ACTIONS_DESCRIBE_H

#include "sandbox/call/action.h"

MUST_USE int describe_links(struct action_call *call);     /* DescribeVpcClassicLink */
MUST_USE int describe_task(struct action_call *call);      /* DescribeVpcTaskResult  */
MUST_USE int describe_vpcs(struct action_call *call);      /* DescribeVpcEx          */
MUST_USE int describe_instances(struct action_call *call); /* DescribeInstances      */

#endif
