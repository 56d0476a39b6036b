#include "sandbox/actions/action.h"

#include "sandbox/auth/auth_params.h"
#include "sandbox/actions/address.h"
#include "sandbox/actions/describe.h"
#include "sandbox/actions/describe3.h"
#include "sandbox/actions/link.h"
#include "sandbox/actions/subnet.h"
#include "sandbox/actions/policy.h"
#include "sandbox/actions/security_group.h"
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

static const struct action_param change3[] = {
    {"VpcId", PARAM_STRING}, {"InstanceIds.#", PARAM_STRING}, {NULL, PARAM_FORM}};

/* Offset and Limit are strings with vpc, numbers with cvm: so the vendor's typings have it. */
static const struct action_param links3[] = {{"Filters.#.Name", PARAM_STRING},
                                             {"Filters.#.Values.#", PARAM_STRING},
                                             {"Offset", PARAM_STRING},
                                             {"Limit", PARAM_STRING},
                                             {NULL, PARAM_FORM}};
static const struct action_param task3[] = {{"TaskId", PARAM_STRING}, {NULL, PARAM_FORM}};
static const struct action_param vpcs3[] = {
    {"VpcIds.#", PARAM_STRING}, {"Filters.#.Name", PARAM_STRING}, {"Filters.#.Values.#", PARAM_STRING},
    {"Offset", PARAM_STRING},   {"Limit", PARAM_STRING},          {NULL, PARAM_FORM}};
static const struct action_param instances3[] = {
    {"InstanceIds.#", PARAM_STRING}, {"Filters.#.Name", PARAM_STRING}, {"Filters.#.Values.#", PARAM_STRING},
    {"Offset", PARAM_NUMBER},        {"Limit", PARAM_NUMBER},          {NULL, PARAM_FORM}};

static const struct action_param vpc_create3[] = {{"VpcName", PARAM_STRING},
                                                  {"CidrBlock", PARAM_STRING},
                                                  {"EnableMulticast", PARAM_STRING},
                                                  {"DnsServers.#", PARAM_STRING},
                                                  {"DomainName", PARAM_STRING},
                                                  {"Tags.#.Key", PARAM_STRING},
                                                  {"Tags.#.Value", PARAM_STRING},
                                                  {"EnableRouteVpcPublish", PARAM_BOOL},
                                                  {"EnableRouteVpcPublishIpv6", PARAM_BOOL},
                                                  {NULL, PARAM_FORM}};
static const struct action_param vpc_delete3[] = {{"VpcId", PARAM_STRING}, {NULL, PARAM_FORM}};
static const struct action_param subnet_create3[] = {
    {"VpcId", PARAM_STRING},      {"SubnetName", PARAM_STRING},
    {"CidrBlock", PARAM_STRING},  {"Zone", PARAM_STRING},
    {"Tags.#.Key", PARAM_STRING}, {"Tags.#.Value", PARAM_STRING},
    {"CdcId", PARAM_STRING},      {NULL, PARAM_FORM}};
static const struct action_param subnet_delete3[] = {{"SubnetId", PARAM_STRING}, {NULL, PARAM_FORM}};
static const struct action_param subnets3[] = {
    {"SubnetIds.#", PARAM_STRING}, {"Filters.#.Name", PARAM_STRING}, {"Filters.#.Values.#", PARAM_STRING},
    {"Offset", PARAM_STRING},      {"Limit", PARAM_STRING},          {NULL, PARAM_FORM}};

static const struct action_param group_create3[] = {
    {"GroupName", PARAM_STRING},  {"GroupDescription", PARAM_STRING}, {"ProjectId", PARAM_STRING},
    {"Tags.#.Key", PARAM_STRING}, {"Tags.#.Value", PARAM_STRING},     {NULL, PARAM_FORM}};
static const struct action_param group3[] = {{"SecurityGroupId", PARAM_STRING}, {NULL, PARAM_FORM}};
static const struct action_param groups3[] = {{"SecurityGroupIds.#", PARAM_STRING},
                                              {"Filters.#.Name", PARAM_STRING},
                                              {"Filters.#.Values.#", PARAM_STRING},
                                              {"Offset", PARAM_STRING},
                                              {"Limit", PARAM_STRING},
                                              {NULL, PARAM_FORM}};
#define POLICY(direction)                                                                                    \
    {"SecurityGroupPolicySet." direction ".#.PolicyIndex", PARAM_NUMBER},                                    \
        {"SecurityGroupPolicySet." direction ".#.Protocol", PARAM_STRING},                                   \
        {"SecurityGroupPolicySet." direction ".#.Port", PARAM_STRING},                                       \
        {"SecurityGroupPolicySet." direction ".#.CidrBlock", PARAM_STRING},                                  \
        {"SecurityGroupPolicySet." direction ".#.Ipv6CidrBlock", PARAM_STRING},                              \
        {"SecurityGroupPolicySet." direction ".#.SecurityGroupId", PARAM_STRING},                            \
        {"SecurityGroupPolicySet." direction ".#.Action", PARAM_STRING},                                     \
    {                                                                                                        \
        "SecurityGroupPolicySet." direction ".#.PolicyDescription", PARAM_STRING                             \
    }
static const struct action_param policies3[] = {{"SecurityGroupId", PARAM_STRING},
                                                {"SecurityGroupPolicySet.Version", PARAM_STRING},
                                                POLICY("Egress"),
                                                POLICY("Ingress"),
                                                {NULL, PARAM_FORM}};
static const struct action_param policies_describe3[] = {{"SecurityGroupId", PARAM_STRING},
                                                         {"Filters.#.Name", PARAM_STRING},
                                                         {"Filters.#.Values.#", PARAM_STRING},
                                                         {NULL, PARAM_FORM}};

static const struct action_param allocate3[] = {{"AddressCount", PARAM_NUMBER},
                                                {"InternetServiceProvider", PARAM_STRING},
                                                {"InternetChargeType", PARAM_STRING},
                                                {"InternetMaxBandwidthOut", PARAM_NUMBER},
                                                {"AddressType", PARAM_STRING},
                                                {"AddressName", PARAM_STRING},
                                                {"Tags.#.Key", PARAM_STRING},
                                                {"Tags.#.Value", PARAM_STRING},
                                                {"BandwidthPackageId", PARAM_STRING},
                                                {"DedicatedClusterId", PARAM_STRING},
                                                {"Egress", PARAM_STRING},
                                                {"AntiDDoSPackageId", PARAM_STRING},
                                                {"ClientToken", PARAM_STRING},
                                                {NULL, PARAM_FORM}};
static const struct action_param release3[] = {{"AddressIds.#", PARAM_STRING}, {NULL, PARAM_FORM}};
static const struct action_param addresses3[] = {
    {"AddressIds.#", PARAM_STRING}, {"Filters.#.Name", PARAM_STRING}, {"Filters.#.Values.#", PARAM_STRING},
    {"Offset", PARAM_NUMBER},       {"Limit", PARAM_NUMBER},          {NULL, PARAM_FORM}};
static const struct action_param address_task3[] = {{"TaskId", PARAM_NUMBER}, {NULL, PARAM_FORM}};

static const struct action actions[] = {
    {"DetachClassicLinkVpc", "vpc", link_detach, link_detach, change3},
    {"AttachClassicLinkVpc", "vpc", link_attach, link_attach, change3},
    {"DescribeVpcClassicLink", "vpc", describe_links, NULL, NULL},
    {"DescribeClassicLinkInstances", "vpc", NULL, describe3_links, links3},
    {"DescribeVpcTaskResult", "vpc", describe_task, describe3_task, task3},
    {"DescribeVpcEx", "vpc", describe_vpcs, NULL, NULL},
    {"DescribeVpcs", "vpc", NULL, describe3_vpcs, vpcs3},
    {"CreateVpc", "vpc", NULL, vpc_create, vpc_create3},
    {"DeleteVpc", "vpc", NULL, vpc_delete, vpc_delete3},
    {"CreateSubnet", "vpc", NULL, subnet_create, subnet_create3},
    {"DeleteSubnet", "vpc", NULL, subnet_delete, subnet_delete3},
    {"DescribeSubnets", "vpc", NULL, subnet_describe, subnets3},
    {"CreateSecurityGroup", "vpc", NULL, security_group_create, group_create3},
    {"DeleteSecurityGroup", "vpc", NULL, security_group_delete, group3},
    {"DescribeSecurityGroups", "vpc", NULL, security_group_describe, groups3},
    {"CreateSecurityGroupPolicies", "vpc", NULL, policy_create, policies3},
    {"DeleteSecurityGroupPolicies", "vpc", NULL, policy_delete, policies3},
    {"DescribeSecurityGroupPolicies", "vpc", NULL, policy_describe, policies_describe3},
    {"AllocateAddresses", "vpc", NULL, address_allocate, allocate3},
    {"ReleaseAddresses", "vpc", NULL, address_release, release3},
    {"DescribeAddresses", "vpc", NULL, address_describe, addresses3},
    {"DescribeTaskResult", "vpc", NULL, address_task, address_task3},
    {"DescribeInstances", "cvm", describe_instances, describe3_instances, instances3},
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
