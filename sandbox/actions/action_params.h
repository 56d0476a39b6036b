/* sandbox/actions/action_params.h - what the actions of generation 3 take, by the vendor's definitions:
 * what is not here is refused as unknown. */
#ifndef SANDBOX_ACTIONS_ACTION_PARAMS_H
#define SANDBOX_ACTIONS_ACTION_PARAMS_H

#include "sandbox/call/action.h"

/* Each ended by a NULL name. */
extern const struct action_param action_params_change[];
extern const struct action_param action_params_links[];
extern const struct action_param action_params_task[];
extern const struct action_param action_params_vpcs[];
extern const struct action_param action_params_instances[];
extern const struct action_param action_params_vpc_create[];
extern const struct action_param action_params_vpc_delete[];
extern const struct action_param action_params_subnet_create[];
extern const struct action_param action_params_subnet_delete[];
extern const struct action_param action_params_subnets[];
extern const struct action_param action_params_group_create[];
extern const struct action_param action_params_group[];
extern const struct action_param action_params_groups[];
extern const struct action_param action_params_policies[];
extern const struct action_param action_params_policies_describe[];
extern const struct action_param action_params_allocate[];
extern const struct action_param action_params_release[];
extern const struct action_param action_params_addresses[];
extern const struct action_param action_params_address_task[];
extern const struct action_param action_params_run[];
extern const struct action_param action_params_terminate[];
extern const struct action_param action_params_assume[];
extern const struct action_param action_params_identity[];

/* Generation 3 refuses what it does not know: 0, or -1 with the reason in the call's outcome. */
MUST_USE int action_params_check(const struct action *action, struct action_call *call);

#endif
