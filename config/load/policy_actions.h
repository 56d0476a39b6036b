/* config/load/policy_actions.h - the actions of the cloud that a policy file names, where nothing else tells
 * which services there are: countersign.yaml is not read. */
#ifndef CONFIG_LOAD_POLICY_ACTIONS_H
#define CONFIG_LOAD_POLICY_ACTIONS_H

#include "config/reader/keyword.h"

/* Where rules or tests name actions as "vpc:CreateVpc", and there are definitions of their services: opens
 * /actions, with an upstream that goes nowhere for each of these services.  Else nothing changes.  -1 when
 * memory is out, which was reported. */
int policy_actions_open(struct loader *loader, const struct yaml_node *policy, const char *region);

#endif
