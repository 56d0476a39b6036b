/* sandbox/actions/describe3.h - the actions of generation 3 that only read. They write the members of
 * Response. */
#ifndef SANDBOX_ACTIONS_DESCRIBE3_H
#define SANDBOX_ACTIONS_DESCRIBE3_H

#include "sandbox/call/action.h"

MUST_USE int describe3_links(struct action_call *call);     /* DescribeClassicLinkInstances */
MUST_USE int describe3_task(struct action_call *call);      /* DescribeVpcTaskResult        */
MUST_USE int describe3_vpcs(struct action_call *call);      /* DescribeVpcs                 */
MUST_USE int describe3_instances(struct action_call *call); /* DescribeInstances of cvm     */

#endif
