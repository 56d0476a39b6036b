#include "sandbox/actions/action.h"

#include "sandbox/auth/auth_params.h"
#include "sandbox/actions/action_params.h"
#include "sandbox/actions/address.h"
#include "sandbox/actions/describe.h"
#include "sandbox/actions/describe3.h"
#include "sandbox/actions/instance.h"
#include "sandbox/actions/link.h"
#include "sandbox/actions/subnet.h"
#include "sandbox/actions/policy.h"
#include "sandbox/actions/security_group.h"
#include "sandbox/actions/sts.h"
#include "sandbox/actions/vpc.h"
#include "sandbox/http/number.h"

#include <stdio.h>
#include <string.h>

enum { INDEXED_NAME_MAX = 100, INDEX_DIGITS_MAX = 4 };

/* No document gives the old ids (gz_vpc_245, qcvm10001) a place in generation 3. */
static bool is_malformed(const struct action_call *call, const char *id, const char *prefix)
{
    return call->generation == 3 && strncmp(id, prefix, strlen(prefix)) != 0;
}

const char *action_required(struct action_call *call, const char *name)
{
    const char *value = params_get(call->params, name);
    if (value != NULL && value[0] != '\0')
        return value;
    (void)outcome_refuse(call->outcome, OUTCOME_MISSING, "%s is missing", name);
    return NULL;
}

struct state_vpc *action_vpc(struct action_call *call, const char *id)
{
    struct state_vpc *vpc = is_malformed(call, id, "vpc-") ? NULL : state_vpc(call->state, id);
    if (vpc != NULL && vpc->region == call->region)
        return vpc;
    if (is_malformed(call, id, "vpc-"))
        (void)outcome_refuse(call->outcome, OUTCOME_MALFORMED, "%.64s is no id of a vpc", id);
    else
        (void)outcome_refuse(call->outcome, OUTCOME_NO_VPC, "the vpc %.64s does not exist", id);
    return NULL;
}

struct state_instance *action_instance(struct action_call *call, const char *id)
{
    struct state_instance *instance = is_malformed(call, id, "ins-") ? NULL : state_instance(call->state, id);
    if (instance != NULL && instance->region == call->region)
        return instance;
    if (is_malformed(call, id, "ins-"))
        (void)outcome_refuse(call->outcome, OUTCOME_MALFORMED, "%.64s is no id of an instance", id);
    else
        (void)outcome_refuse(call->outcome, OUTCOME_NO_INSTANCE, "the instance %.64s does not exist", id);
    return NULL;
}

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

/* Filters.#.Name and Filters.0.Name */
static bool is_named(const char *pattern, const char *name)
{
    while (*pattern != '\0') {
        size_t digits = strspn(name, "0123456789");
        if (*pattern == '#' ? digits == 0 : *pattern != *name)
            return false;
        name += *pattern == '#' ? digits : 1;
        pattern++;
    }
    return *name == '\0';
}

static const struct action_param *find_param(const struct action *action, const char *name)
{
    for (const struct action_param *param = action->params3; param->name != NULL; param++)
        if (is_named(param->name, name))
            return param;
    return NULL;
}

static bool has_prefix(const struct params *params, const char *prefix)
{
    size_t length = strlen(prefix);
    for (size_t i = 0; i < params->count; i++) {
        const char *name = params->list[i].name;
        if (strncmp(name, prefix, length) == 0 && (name[length] == '.' || name[length] == '\0'))
            return true;
    }
    return false;
}

/* Of Filters.1.Values.2, that there are Filters.0 and Filters.1.Values.1. */
static bool is_numbered(const struct params *params, const char *name)
{
    char before[INDEXED_NAME_MAX + 1];
    long long index;
    for (const char *dot = strchr(name, '.'); dot != NULL; dot = strchr(dot + 1, '.')) {
        size_t digits = strspn(dot + 1, "0123456789");
        if (digits == 0)
            continue;
        (void)snprintf(before, sizeof before, "%.*s", (int)digits, dot + 1);
        if (digits > INDEX_DIGITS_MAX || !number_parse(before, 0, PARAMS_MAX, &index) ||
            (digits > 1 && before[0] == '0'))
            return false;
        (void)snprintf(before, sizeof before, "%.*s.%lld", (int)(dot - name), name, index - 1);
        if (index > 0 && !has_prefix(params, before))
            return false;
    }
    return true;
}

/* JSON cannot number its members wrongly; a form can.  The names are known, so none is long. */
static int check_lists(struct action_call *call)
{
    for (size_t i = 0; i < call->params->count; i++) {
        const struct param *given = &call->params->list[i];
        if (given->kind == PARAM_FORM && !is_numbered(call->params, given->name))
            return outcome_refuse(call->outcome, OUTCOME_BAD_REQUEST,
                                  "the members of a list are numbered from 0 without a gap: %.64s is not",
                                  given->name);
    }
    return 0;
}

int action_check_params(const struct action *action, struct action_call *call)
{
    for (size_t i = 0; i < call->params->count; i++) {
        const struct param *given = &call->params->list[i];
        const struct action_param *known = find_param(action, given->wire_name);
        if (known == NULL && given->kind == PARAM_FORM && auth_params_is_common(given->wire_name))
            continue;
        if (known == NULL)
            return outcome_refuse(call->outcome, OUTCOME_UNKNOWN_PARAMETER, "the parameter %.64s is unknown",
                                  given->wire_name);
        if (given->kind != PARAM_FORM && given->kind != known->kind)
            return outcome_refuse(call->outcome, OUTCOME_BAD_TYPE, "the type of %.64s is not right",
                                  given->wire_name);
    }
    return check_lists(call);
}

const struct action *action_find(const char *name)
{
    for (size_t i = 0; i < COUNT(actions); i++)
        if (strcmp(actions[i].name, name) == 0)
            return &actions[i];
    return NULL;
}

const char *action_version(const struct action *action)
{
    return strcmp(action->service, "sts") == 0 ? "2018-08-13" : "2017-03-12";
}

bool action_is_service(const char *name)
{
    for (size_t i = 0; i < COUNT(actions); i++)
        if (strcmp(actions[i].service, name) == 0)
            return true;
    return false;
}

size_t action_index(const struct action *action)
{
    return (size_t)(action - actions);
}

const struct action *action_table(size_t *count)
{
    *count = COUNT(actions);
    return actions;
}
