#include "sandbox/actions/action_table.h"

#include "sandbox/actions/action_params.h"
#include "sandbox/network/address.h"
#include "sandbox/actions/describe.h"
#include "sandbox/actions/describe3.h"
#include "sandbox/actions/instance.h"
#include "sandbox/actions/link.h"
#include "sandbox/network/subnet.h"
#include "sandbox/network/policy.h"
#include "sandbox/network/security_group.h"
#include "sandbox/actions/sts.h"
#include "sandbox/network/vpc.h"

#include <string.h>

static const struct action actions[] = {
    {"DetachClassicLinkVpc", "vpc", link_detach, link_detach, action_params_change},
    {"AttachClassicLinkVpc", "vpc", link_attach, link_attach, action_params_change},
    {"DescribeVpcClassicLink", "vpc", describe_links, NULL, NULL},
    {"DescribeClassicLinkInstances", "vpc", NULL, describe3_links, action_params_links},
    {"DescribeVpcTaskResult", "vpc", describe_task, describe3_task, action_params_task},
    {"DescribeVpcEx", "vpc", describe_vpcs, NULL, NULL},
    {"DescribeVpcs", "vpc", NULL, describe3_vpcs, action_params_vpcs},
    {"CreateVpc", "vpc", NULL, vpc_create, action_params_vpc_create},
    {"DeleteVpc", "vpc", NULL, vpc_delete, action_params_vpc_delete},
    {"CreateSubnet", "vpc", NULL, subnet_create, action_params_subnet_create},
    {"DeleteSubnet", "vpc", NULL, subnet_delete, action_params_subnet_delete},
    {"DescribeSubnets", "vpc", NULL, subnet_describe, action_params_subnets},
    {"CreateSecurityGroup", "vpc", NULL, security_group_create, action_params_group_create},
    {"DeleteSecurityGroup", "vpc", NULL, security_group_delete, action_params_group},
    {"DescribeSecurityGroups", "vpc", NULL, security_group_describe, action_params_groups},
    {"CreateSecurityGroupPolicies", "vpc", NULL, policy_create, action_params_policies},
    {"DeleteSecurityGroupPolicies", "vpc", NULL, policy_delete, action_params_policies},
    {"DescribeSecurityGroupPolicies", "vpc", NULL, policy_describe, action_params_policies_describe},
    {"AllocateAddresses", "vpc", NULL, address_allocate, action_params_allocate},
    {"ReleaseAddresses", "vpc", NULL, address_release, action_params_release},
    {"DescribeAddresses", "vpc", NULL, address_describe, action_params_addresses},
    {"DescribeTaskResult", "vpc", NULL, address_task, action_params_address_task},
    {"RunInstances", "cvm", NULL, instance_run, action_params_run},
    {"TerminateInstances", "cvm", NULL, instance_terminate, action_params_terminate},
    {"AssumeRole", "sts", NULL, sts_assume_role, action_params_assume},
    {"AssumeRoleWithWebIdentity", "sts", NULL, sts_assume_role_with_web_identity, action_params_identity},
    {"DescribeInstances", "cvm", describe_instances, describe3_instances, action_params_instances},
};

const struct action *action_table_find(const char *name)
{
    for (size_t i = 0; i < COUNT(actions); i++)
        if (strcmp(actions[i].name, name) == 0)
            return &actions[i];
    return NULL;
}

const char *action_table_version(const struct action *action)
{
    return strcmp(action->service, "sts") == 0 ? "2018-08-13" : "2017-03-12";
}

bool action_table_has_service(const char *name)
{
    for (size_t i = 0; i < COUNT(actions); i++)
        if (strcmp(actions[i].service, name) == 0)
            return true;
    return false;
}

size_t action_table_index(const struct action *action)
{
    return (size_t)(action - actions);
}

const struct action *action_table(size_t *count)
{
    *count = COUNT(actions);
    return actions;
}
