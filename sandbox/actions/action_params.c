#include "sandbox/actions/action_params.h"

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
