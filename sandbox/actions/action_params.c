#include "sandbox/actions/action_params.h"

#include "sandbox/auth/auth_params.h"
#include "sandbox/http/number.h"

#include <stdio.h>
#include <string.h>

enum { INDEXED_NAME_MAX = 100, INDEX_DIGITS_MAX = 4 };

const struct action_param action_params_change[] = {
    {"VpcId", PARAM_STRING}, {"InstanceIds.#", PARAM_STRING}, {NULL, PARAM_FORM}};

/* Offset and Limit are strings with vpc, numbers with cvm: so the vendor's typings have it. */
const struct action_param action_params_links[] = {{"Filters.#.Name", PARAM_STRING},
                                                   {"Filters.#.Values.#", PARAM_STRING},
                                                   {"Offset", PARAM_STRING},
                                                   {"Limit", PARAM_STRING},
                                                   {NULL, PARAM_FORM}};
const struct action_param action_params_task[] = {{"TaskId", PARAM_STRING}, {NULL, PARAM_FORM}};
const struct action_param action_params_vpcs[] = {
    {"VpcIds.#", PARAM_STRING}, {"Filters.#.Name", PARAM_STRING}, {"Filters.#.Values.#", PARAM_STRING},
    {"Offset", PARAM_STRING},   {"Limit", PARAM_STRING},          {NULL, PARAM_FORM}};
const struct action_param action_params_instances[] = {
    {"InstanceIds.#", PARAM_STRING}, {"Filters.#.Name", PARAM_STRING}, {"Filters.#.Values.#", PARAM_STRING},
    {"Offset", PARAM_NUMBER},        {"Limit", PARAM_NUMBER},          {NULL, PARAM_FORM}};

const struct action_param action_params_vpc_create[] = {{"VpcName", PARAM_STRING},
                                                        {"CidrBlock", PARAM_STRING},
                                                        {"EnableMulticast", PARAM_STRING},
                                                        {"DnsServers.#", PARAM_STRING},
                                                        {"DomainName", PARAM_STRING},
                                                        {"Tags.#.Key", PARAM_STRING},
                                                        {"Tags.#.Value", PARAM_STRING},
                                                        {"EnableRouteVpcPublish", PARAM_BOOL},
                                                        {"EnableRouteVpcPublishIpv6", PARAM_BOOL},
                                                        {NULL, PARAM_FORM}};
const struct action_param action_params_vpc_delete[] = {{"VpcId", PARAM_STRING}, {NULL, PARAM_FORM}};
const struct action_param action_params_subnet_create[] = {
    {"VpcId", PARAM_STRING},      {"SubnetName", PARAM_STRING},
    {"CidrBlock", PARAM_STRING},  {"Zone", PARAM_STRING},
    {"Tags.#.Key", PARAM_STRING}, {"Tags.#.Value", PARAM_STRING},
    {"CdcId", PARAM_STRING},      {NULL, PARAM_FORM}};
const struct action_param action_params_subnet_delete[] = {{"SubnetId", PARAM_STRING}, {NULL, PARAM_FORM}};
const struct action_param action_params_subnets[] = {
    {"SubnetIds.#", PARAM_STRING}, {"Filters.#.Name", PARAM_STRING}, {"Filters.#.Values.#", PARAM_STRING},
    {"Offset", PARAM_STRING},      {"Limit", PARAM_STRING},          {NULL, PARAM_FORM}};

const struct action_param action_params_group_create[] = {
    {"GroupName", PARAM_STRING},  {"GroupDescription", PARAM_STRING}, {"ProjectId", PARAM_STRING},
    {"Tags.#.Key", PARAM_STRING}, {"Tags.#.Value", PARAM_STRING},     {NULL, PARAM_FORM}};
const struct action_param action_params_group[] = {{"SecurityGroupId", PARAM_STRING}, {NULL, PARAM_FORM}};
const struct action_param action_params_groups[] = {{"SecurityGroupIds.#", PARAM_STRING},
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
const struct action_param action_params_policies[] = {{"SecurityGroupId", PARAM_STRING},
                                                      {"SecurityGroupPolicySet.Version", PARAM_STRING},
                                                      POLICY("Egress"),
                                                      POLICY("Ingress"),
                                                      {NULL, PARAM_FORM}};
const struct action_param action_params_policies_describe[] = {{"SecurityGroupId", PARAM_STRING},
                                                               {"Filters.#.Name", PARAM_STRING},
                                                               {"Filters.#.Values.#", PARAM_STRING},
                                                               {NULL, PARAM_FORM}};

const struct action_param action_params_allocate[] = {{"AddressCount", PARAM_NUMBER},
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
const struct action_param action_params_release[] = {{"AddressIds.#", PARAM_STRING}, {NULL, PARAM_FORM}};
const struct action_param action_params_addresses[] = {
    {"AddressIds.#", PARAM_STRING}, {"Filters.#.Name", PARAM_STRING}, {"Filters.#.Values.#", PARAM_STRING},
    {"Offset", PARAM_NUMBER},       {"Limit", PARAM_NUMBER},          {NULL, PARAM_FORM}};
const struct action_param action_params_address_task[] = {{"TaskId", PARAM_NUMBER}, {NULL, PARAM_FORM}};

const struct action_param action_params_run[] = {{"Placement.Zone", PARAM_STRING},
                                                 {"Placement.ProjectId", PARAM_NUMBER},
                                                 {"ImageId", PARAM_STRING},
                                                 {"InstanceType", PARAM_STRING},
                                                 {"InstanceChargeType", PARAM_STRING},
                                                 {"InstanceCount", PARAM_NUMBER},
                                                 {"InstanceName", PARAM_STRING},
                                                 {"HostName", PARAM_STRING},
                                                 {"SystemDisk.DiskType", PARAM_STRING},
                                                 {"SystemDisk.DiskSize", PARAM_NUMBER},
                                                 {"DataDisks.#.DiskType", PARAM_STRING},
                                                 {"DataDisks.#.DiskSize", PARAM_NUMBER},
                                                 {"DataDisks.#.DeleteWithInstance", PARAM_BOOL},
                                                 {"VirtualPrivateCloud.VpcId", PARAM_STRING},
                                                 {"VirtualPrivateCloud.SubnetId", PARAM_STRING},
                                                 {"VirtualPrivateCloud.AsVpcGateway", PARAM_BOOL},
                                                 {"SecurityGroupIds.#", PARAM_STRING},
                                                 {"LoginSettings.Password", PARAM_STRING},
                                                 {"LoginSettings.KeyIds.#", PARAM_STRING},
                                                 {"LoginSettings.KeepImageLogin", PARAM_STRING},
                                                 {"TagSpecification.0.ResourceType", PARAM_STRING},
                                                 {"TagSpecification.0.Tags.#.Key", PARAM_STRING},
                                                 {"TagSpecification.0.Tags.#.Value", PARAM_STRING},
                                                 {"UserData", PARAM_STRING},
                                                 {"ClientToken", PARAM_STRING},
                                                 {"DryRun", PARAM_BOOL},
                                                 {NULL, PARAM_FORM}};
const struct action_param action_params_terminate[] = {{"InstanceIds.#", PARAM_STRING},
                                                       {"ReleaseAddress", PARAM_BOOL},
                                                       {"ReleasePrepaidDataDisks", PARAM_BOOL},
                                                       {NULL, PARAM_FORM}};

const struct action_param action_params_assume[] = {
    {"RoleArn", PARAM_STRING},      {"RoleSessionName", PARAM_STRING}, {"DurationSeconds", PARAM_NUMBER},
    {"Policy", PARAM_STRING},       {"ExternalId", PARAM_STRING},      {"Tags.#.Key", PARAM_STRING},
    {"Tags.#.Value", PARAM_STRING}, {"SourceIdentity", PARAM_STRING},  {NULL, PARAM_FORM}};
const struct action_param action_params_identity[] = {
    {"ProviderId", PARAM_STRING},      {"WebIdentityToken", PARAM_STRING}, {"RoleArn", PARAM_STRING},
    {"RoleSessionName", PARAM_STRING}, {"DurationSeconds", PARAM_NUMBER},  {NULL, PARAM_FORM}};

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

int action_params_check(const struct action *action, struct action_call *call)
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
