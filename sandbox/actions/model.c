#include "sandbox/actions/model.h"

#include "base/json.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { ZONE_SIZE = 80 };

/* The month that a prepaid instance has been paid for. */
enum { PREPAID_SECONDS = 30 * 24 * 3600 };

/* A member whose value is the same in every row that was not given another, as JSON. */
struct constant {
    const char *name;
    const char *json;
};

static const char *find_given(const struct state_given *given, const char *name)
{
    for (; given != NULL; given = given->next)
        if (strcmp(given->name, name) == 0)
            return given->json;
    return NULL;
}

static void put_members(struct buf *body, const struct constant *constants, size_t count,
                        const struct state_given *given)
{
    for (size_t i = 0; i < count; i++) {
        const char *json = find_given(given, constants[i].name);
        json_member_raw(body, constants[i].name, json != NULL ? json : constants[i].json);
    }
}

static void put_constants(struct buf *body, const struct constant *constants, size_t count)
{
    put_members(body, constants, count, NULL);
}

/* vpc writes no zone, which is UTC here; cvm writes ISO 8601. */
static void put_time(struct buf *body, const char *key, int64_t when, bool iso)
{
    time_t seconds = (time_t)when;
    struct tm tm;
    char text[sizeof "2026-11-24T12:00:00Z"];
    if (gmtime_r(&seconds, &tm) != NULL && (iso ? strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm)
                                                : strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &tm)) > 0)
        json_member(body, key, text);
}

void model_put_vpc(struct buf *body, const void *row)
{
    static const struct constant constants[] = {
        {"IsDefault", "false"},     {"EnableMulticast", "false"},
        {"DnsServerSet", "[]"},     {"DomainName", "\"\""},
        {"DhcpOptionsId", "\"\""},  {"EnableDhcp", "true"},
        {"Ipv6CidrBlock", "\"\""},  {"TagSet", "[]"},
        {"AssistantCidrSet", "[]"}, {"EnableRouteVpcPublish", "false"},
        {"Ipv6CidrBlockSet", "[]"}, {"EnableRouteVpcPublishIpv6", "false"},
    };
    const struct state_vpc *vpc = row;
    json_member(body, "VpcName", vpc->name);
    json_member(body, "VpcId", vpc->id);
    json_member(body, "CidrBlock", vpc->cidr);
    put_time(body, "CreatedTime", vpc->created, false);
    put_members(body, constants, COUNT(constants), vpc->given);
}

/* The vendor keeps the first address, the last, and the gateway's. */
enum { RESERVED = 3 };

void model_put_subnet(struct buf *body, const void *row)
{
    static const struct constant constants[] = {
        {"IsDefault", "false"},   {"EnableBroadcast", "false"},
        {"RouteTableId", "\"\""}, {"Ipv6CidrBlock", "\"\""},
        {"NetworkAclId", "\"\""}, {"IsRemoteVpcSnat", "false"},
        {"TagSet", "[]"},         {"CdcId", "\"\""},
        {"IsCdcSubnet", "0"},
    };
    const struct state_subnet *subnet = row;
    int64_t addresses = cidr_size(&subnet->network) - RESERVED;
    json_member(body, "VpcId", subnet->vpc->id);
    json_member(body, "SubnetId", subnet->id);
    json_member(body, "SubnetName", subnet->name);
    json_member(body, "CidrBlock", subnet->cidr);
    json_member(body, "Zone", subnet->zone);
    put_time(body, "CreatedTime", subnet->created, false);
    json_member_int(body, "AvailableIpAddressCount", addresses);
    json_member_int(body, "TotalIpAddressCount", addresses);
    put_members(body, constants, COUNT(constants), subnet->given);
}

void model_put_group(struct buf *body, const void *row)
{
    static const struct constant constants[] = {
        {"ProjectId", "\"0\""}, {"IsDefault", "false"}, {"TagSet", "[]"}};
    const struct state_group *group = row;
    json_member(body, "SecurityGroupId", group->id);
    json_member(body, "SecurityGroupName", group->name);
    json_member(body, "SecurityGroupDesc", group->description);
    put_time(body, "CreatedTime", group->created, false);
    put_time(body, "UpdateTime", group->updated, false);
    put_members(body, constants, COUNT(constants), group->given);
}

void model_put_address(struct buf *body, const void *row)
{
    static const struct constant constants[] = {
        {"AddressStatus", "\"UNBIND\""},
        {"InstanceId", "\"\""},
        {"NetworkInterfaceId", "\"\""},
        {"PrivateAddressIp", "\"\""},
        {"IsArrears", "false"},
        {"IsBlocked", "false"},
        {"IsEipDirectConnection", "false"},
        {"AddressType", "\"EIP\""},
        {"CascadeRelease", "false"},
        {"EipAlgType", "{\"Ftp\":false,\"Sip\":false}"},
        {"InternetServiceProvider", "\"BGP\""},
        {"LocalBgp", "false"},
        {"Bandwidth", "1"},
        {"InternetChargeType", "\"TRAFFIC_POSTPAID_BY_HOUR\""},
        {"TagSet", "[]"},
        {"DeadlineDate", "\"\""},
        {"InstanceType", "\"\""},
        {"Egress", "\"center_egress1\""},
        {"AntiDDoSPackageId", "\"\""},
        {"RenewFlag", "\"\""},
        {"BandwidthPackageId", "\"\""},
        {"UnVpcId", "\"\""},
        {"DedicatedClusterId", "\"\""},
    };
    const struct state_address *address = row;
    json_member(body, "AddressId", address->id);
    json_member(body, "AddressName", address->name);
    json_member(body, "AddressIp", address->ip);
    put_time(body, "CreatedTime", address->created, true);
    put_members(body, constants, COUNT(constants), address->given);
}

void model_put_policy(struct buf *body, const struct state_policy *policy, size_t index)
{
    static const struct constant constants[] = {
        {"ServiceTemplate", "{\"ServiceId\":\"\",\"ServiceGroupId\":\"\"}"},
        {"AddressTemplate", "{\"AddressId\":\"\",\"AddressGroupId\":\"\"}"},
    };
    json_member_int(body, "PolicyIndex", (long long)index);
    json_member(body, "Protocol", policy->protocol);
    json_member(body, "Port", policy->port);
    json_member(body, "CidrBlock", policy->cidr);
    json_member(body, "Ipv6CidrBlock", policy->cidr6);
    json_member(body, "SecurityGroupId", policy->group);
    json_member(body, "Action", policy->action);
    json_member(body, "PolicyDescription", policy->description);
    put_time(body, "ModifyTime", policy->modified, false);
    json_member_int(body, "Priority", (long long)index);
    put_constants(body, constants, COUNT(constants));
}

void model_put_link(struct buf *body, const void *row)
{
    const struct state_instance *instance = row;
    json_member(body, "VpcId", instance->vpc->id);
    json_member(body, "InstanceId", instance->id);
}

/* All of them are in the second zone of their region, as in generation 2. */
static void put_placement(struct buf *body, const struct state_region *region)
{
    static const struct constant constants[] = {
        {"ProjectId", "0"},
        {"HostIds", "[]"},
        {"HostId", "\"\""},
        {"DedicatedResourcePackTenancy", "\"\""},
        {"DedicatedResourcePackIds", "[]"},
        {"RackId", "\"\""},
    };
    char zone[ZONE_SIZE];
    (void)snprintf(zone, sizeof zone, "%.64s-2", region->name);
    json_open_member(body, "Placement");
    json_member(body, "Zone", zone);
    put_constants(body, constants, COUNT(constants));
    json_close(body);
}

static void put_system_disk(struct buf *body, const char *instance_id)
{
    static const struct constant constants[] = {{"DiskType", "\"CLOUD_PREMIUM\""},
                                                {"DiskSize", "50"},
                                                {"CdcId", "\"\""},
                                                {"DiskName", "\"\""},
                                                {"Encrypt", "false"},
                                                {"KmsKeyId", "\"\""}};
    char id[ZONE_SIZE];
    const char *tail = instance_id + (instance_id[0] == 'i' ? sizeof "ins-" - 1 : 0);
    (void)snprintf(id, sizeof id, "disk-%.64s", tail);
    json_open_member(body, "SystemDisk");
    json_member(body, "DiskId", id);
    put_constants(body, constants, COUNT(constants));
    json_close(body);
}

static void put_addresses(struct buf *body, const char *lan_ip)
{
    json_open_array(body, "PrivateIpAddresses");
    json_element(body, lan_ip);
    json_close_array(body);
}

/* A classic instance is in no VPC, also when it is linked to one. */
void model_put_instance(struct buf *body, const void *row)
{
    static const struct constant constants[] = {
        {"InstanceType", "\"S5.SMALL1\""},
        {"CPU", "1"},
        {"Memory", "1"},
        {"RestrictState", "\"NORMAL\""},
        {"InstanceState", "\"RUNNING\""},
        {"InstanceChargeType", "\"PREPAID\""},
        {"RenewFlag", "\"NOTIFY_AND_MANUAL_RENEW\""},
        {"DataDisks", "[]"},
        {"PublicIpAddresses", "[]"},
        {"InternetAccessible",
         "{\"InternetChargeType\":\"TRAFFIC_POSTPAID_BY_HOUR\",\"InternetMaxBandwidthOut\":0,"
         "\"PublicIpAssigned\":false,\"BandwidthPackageId\":\"\",\"InternetServiceProvider\":\"\","
         "\"IPv4AddressType\":\"\",\"IPv6AddressType\":\"\",\"AntiDDoSPackageId\":\"\"}"},
        {"VirtualPrivateCloud", "{\"VpcId\":\"\",\"SubnetId\":\"\",\"AsVpcGateway\":false,"
                                "\"PrivateIpAddresses\":[],\"Ipv6AddressCount\":0}"},
        {"ImageId", "\"img-8toqc6s3\""},
        {"OsName", "\"CentOS 7.2 64bit\""},
        {"SecurityGroupIds", "[]"},
        {"LoginSettings", "{\"Password\":\"\",\"KeyIds\":[],\"KeepImageLogin\":\"FALSE\"}"},
        {"Tags", "[]"},
        {"StopChargingMode", "\"NOT_APPLICABLE\""},
        {"LatestOperation", "\"\""},
        {"LatestOperationState", "\"\""},
        {"LatestOperationRequestId", "\"\""},
        {"LatestOperationErrorMsg", "\"\""},
        {"DisasterRecoverGroupId", "\"\""},
        {"DisasterRecoverGroupIds", "[]"},
        {"IPv6Addresses", "[]"},
        {"PublicIPv6Addresses", "[]"},
        {"CamRoleName", "\"\""},
        {"HpcClusterId", "\"\""},
        {"RdmaIpAddresses", "[]"},
        {"DedicatedClusterId", "\"\""},
        {"IsolatedSource", "\"NOTISOLATED\""},
        {"GPUInfo", "{\"GPUCount\":0,\"GPUId\":[],\"GPUType\":\"\"}"},
        {"LicenseType", "\"TencentCloud\""},
        {"DisableApiTermination", "false"},
        {"DefaultLoginUser", "\"root\""},
        {"DefaultLoginPort", "22"},
        {"Metadata", "{\"Items\":[]}"},
        {"CpuTopology", "{\"CoreCount\":1,\"ThreadPerCore\":1}"},
        {"PartitionNumber", "0"},
    };
    const struct state_instance *instance = row;
    json_member(body, "InstanceId", instance->id);
    json_member(body, "InstanceName", instance->name);
    json_member(body, "Uuid", instance->legacy_id);
    put_placement(body, instance->region);
    put_addresses(body, instance->lan_ip);
    put_system_disk(body, instance->id);
    put_time(body, "CreatedTime", instance->created, true);
    put_time(body, "ExpiredTime", instance->created + PREPAID_SECONDS, true);
    put_constants(body, constants, COUNT(constants));
}
