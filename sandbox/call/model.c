#include "sandbox/call/model.h"

#include "base/json/json.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { ZONE_SIZE = 80, SYSTEM_DISK_GB = 50 };

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

enum { TIME_SIZE = sizeof "2026-11-24T12:00:00Z" };

/* vpc writes no zone, which is UTC here; cvm writes ISO 8601.  "" when there is no such time. */
static void write_time(int64_t when, bool iso, char out[TIME_SIZE])
{
    time_t seconds = (time_t)when;
    struct tm tm;
    if (gmtime_r(&seconds, &tm) == NULL || (iso ? strftime(out, TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm)
                                                : strftime(out, TIME_SIZE, "%Y-%m-%d %H:%M:%S", &tm)) == 0)
        out[0] = '\0';
}

static void put_time(struct buf *body, const char *key, int64_t when, bool iso)
{
    char text[TIME_SIZE];
    write_time(when, iso, text);
    json_member(body, key, text);
}

void model_put_expiry(struct buf *body, int64_t created)
{
    char text[TIME_SIZE];
    write_time(created + PREPAID_SECONDS, true, text);
    json_put_string(body, text, strlen(text));
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
    json_member(body, "VpcId", vpc->id);
    json_member(body, "VpcName", vpc->name);
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
    json_member_int(body, "AvailableIpAddressCount", addresses - (int64_t)subnet->instance_count);
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

void model_put_placement(struct buf *body, const char *zone, const char *suffix, long long project)
{
    static const struct constant constants[] = {
        {"HostIds", "[]"},
        {"HostId", "\"\""},
        {"DedicatedResourcePackTenancy", "\"\""},
        {"DedicatedResourcePackIds", "[]"},
        {"RackId", "\"\""},
    };
    char text[ZONE_SIZE];
    (void)snprintf(text, sizeof text, "%.64s%s", zone, suffix);
    json_member(body, "Zone", text);
    json_member_int(body, "ProjectId", project);
    put_constants(body, constants, COUNT(constants));
}

void model_put_disk(struct buf *body, const char *instance_id, size_t number, const char *type,
                    long long size)
{
    static const struct constant constants[] = {
        {"CdcId", "\"\""}, {"DiskName", "\"\""}, {"Encrypt", "false"}, {"KmsKeyId", "\"\""}};
    char id[ZONE_SIZE];
    const char *tail = instance_id + (strncmp(instance_id, "ins-", 4) == 0 ? 4 : 0);
    (void)snprintf(id, sizeof id, number == 0 ? "disk-%.64s" : "disk-%.64s-%zu", tail, number);
    json_member(body, "DiskId", id);
    json_member(body, "DiskType", type);
    json_member_int(body, "DiskSize", size);
    put_constants(body, constants, COUNT(constants));
}

static void put_addresses(struct buf *body, const char *lan_ip)
{
    json_open_array(body, "PrivateIpAddresses");
    json_element(body, lan_ip);
    json_close_array(body);
}

/* In the second zone of its region, as in generation 2. */
static void put_classic(struct buf *body, const struct state_instance *instance)
{
    json_open_member(body, "Placement");
    model_put_placement(body, instance->region->name, "-2", 0);
    json_close(body);
    json_open_member(body, "SystemDisk");
    model_put_disk(body, instance->id, 0, "CLOUD_PREMIUM", SYSTEM_DISK_GB);
    json_close(body);
    buf_put(body, ",\"ExpiredTime\":");
    model_put_expiry(body, instance->created);
}

/* What only an instance that a call has made has; it gives them all. */
static void put_given(struct buf *body, const struct state_instance *instance)
{
    static const char *const names[] = {"Placement", "SystemDisk", "ExpiredTime"};
    for (size_t i = 0; i < COUNT(names); i++)
        json_member_raw(body, names[i], find_given(instance->given, names[i]));
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
    put_addresses(body, instance->lan_ip);
    put_time(body, "CreatedTime", instance->created, true);
    if (instance->subnet == NULL)
        put_classic(body, instance);
    else
        put_given(body, instance);
    put_members(body, constants, COUNT(constants), instance->given);
}
