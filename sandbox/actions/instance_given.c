#include "sandbox/actions/instance_given.h"

#include "base/json/json.h"
#include "sandbox/call/model.h"
#include "sandbox/network/security_group.h"
#include "sandbox/http/number.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_SIZE = 80, JSON_MAX = 64 * 1024, DISK_GB = 50, DISK_GB_MAX = 32000, DISKS_MAX = 20 };

static const char default_type[] = "S5.SMALL1";
static const char default_disk[] = "CLOUD_PREMIUM";

/* "S5.MEDIUM4" has 2 cores and 4 GB, "S5.2XLARGE16" 8 and 16. */
struct size {
    long long cores;
    long long memory;
};

static bool read_size(const char *type, struct size *size)
{
    static const struct {
        const char *name;
        long long cores;
    } words[] = {{"SMALL", 1}, {"MEDIUM", 2}, {"LARGE", 4}, {"XLARGE", 4}};
    const char *at = strchr(type, '.');
    if (at == NULL || at == type)
        return false;
    char *word;
    long long times = strtoll(at + 1, &word, 10);
    size_t length = strcspn(word, "0123456789");
    for (size_t i = 0; i < COUNT(words); i++)
        if (strlen(words[i].name) == length && strncmp(words[i].name, word, length) == 0) {
            size->cores = words[i].cores * (times > 0 ? times : 1);
            return times >= 0 && times <= 1000 && number_parse(word + length, 1, 100000, &size->memory);
        }
    return false;
}

static const char *type_of(const struct action_call *call)
{
    const char *type = params_get(call->params, "InstanceType");
    return type == NULL ? default_type : type;
}

static bool is_prepaid(const struct action_call *call)
{
    const char *charge = params_get(call->params, "InstanceChargeType");
    return charge != NULL && strcmp(charge, "PREPAID") == 0;
}

/* ---- checks ---- */

static int check_words(struct action_call *call)
{
    struct size size;
    const char *charge = params_get(call->params, "InstanceChargeType");
    const char *tagged = params_get(call->params, "TagSpecification.0.ResourceType");
    if (!read_size(type_of(call), &size))
        return outcome_refuse(call->outcome, OUTCOME_BAD_VALUE, "InstanceType cannot be %.64s",
                              type_of(call));
    if (charge != NULL && strcmp(charge, "POSTPAID_BY_HOUR") != 0 && strcmp(charge, "PREPAID") != 0)
        return outcome_refuse(call->outcome, OUTCOME_BAD_VALUE, "InstanceChargeType cannot be %.64s", charge);
    if (tagged != NULL && strcmp(tagged, "instance") != 0)
        return outcome_refuse(call->outcome, OUTCOME_BAD_VALUE,
                              "TagSpecification.0.ResourceType must be instance");
    return 0;
}

static const char *disk_part(const struct action_call *call, size_t number, const char *part)
{
    char key[KEY_SIZE];
    (void)snprintf(key, sizeof key, "DataDisks.%zu.%s", number, part);
    return params_get(call->params, key);
}

static int check_size(struct action_call *call, const char *text)
{
    long long size;
    return text == NULL || number_parse(text, 1, DISK_GB_MAX, &size)
               ? 0
               : outcome_refuse(call->outcome, OUTCOME_BAD_RANGE, "a disk has 1 to %d GB", DISK_GB_MAX);
}

static int check_disks(struct action_call *call)
{
    size_t i = 0;
    if (check_size(call, params_get(call->params, "SystemDisk.DiskSize")) != 0)
        return -1;
    for (; disk_part(call, i, "DiskSize") != NULL; i++)
        if (check_size(call, disk_part(call, i, "DiskSize")) != 0)
            return -1;
    if (disk_part(call, i, "DiskType") != NULL)
        return outcome_refuse(call->outcome, OUTCOME_MISSING, "DataDisks.%zu.DiskSize is missing", i);
    return i <= DISKS_MAX ? 0
                          : outcome_refuse(call->outcome, OUTCOME_FULL, "at most %d data disks", DISKS_MAX);
}

static int check_groups(struct action_call *call)
{
    const char *id = params_member(call->params, "SecurityGroupIds", 0);
    for (size_t i = 0; id != NULL; id = params_member(call->params, "SecurityGroupIds", ++i))
        if (security_group_find(call, id) == NULL)
            return -1;
    return 0;
}

int instance_given_check(struct action_call *call)
{
    if (action_required(call, "ImageId") == NULL || action_required(call, "Placement.Zone") == NULL)
        return -1;
    return check_words(call) != 0 || check_disks(call) != 0 || check_groups(call) != 0 ? -1 : 0;
}

/* ---- members ---- */

static void give_text(struct maker *maker, const char *member, const char *text)
{
    struct buf json;
    buf_init(&json, JSON_MAX);
    json_put_string(&json, text, strlen(text));
    maker_give(maker, member, &json);
}

static void give_int(struct maker *maker, const char *member, long long number)
{
    struct buf json;
    buf_init(&json, JSON_MAX);
    buf_put_int(&json, number);
    maker_give(maker, member, &json);
}

static long long number_of(const char *text, long long otherwise)
{
    long long number;
    return text != NULL && number_parse(text, 0, INT_MAX, &number) ? number : otherwise;
}

static const char *or_else(const char *text, const char *otherwise)
{
    return text == NULL ? otherwise : text;
}

static void give_placement(struct maker *maker)
{
    struct buf json;
    const struct params *params = maker->call->params;
    buf_init(&json, JSON_MAX);
    json_open(&json);
    model_put_placement(&json, params_get(params, "Placement.Zone"), "",
                        number_of(params_get(params, "Placement.ProjectId"), 0));
    json_close(&json);
    maker_give(maker, "Placement", &json);
}

static void give_system_disk(struct maker *maker, const char *id)
{
    struct buf json;
    const struct params *params = maker->call->params;
    buf_init(&json, JSON_MAX);
    json_open(&json);
    model_put_disk(&json, id, 0, or_else(params_get(params, "SystemDisk.DiskType"), default_disk),
                   number_of(params_get(params, "SystemDisk.DiskSize"), DISK_GB));
    json_close(&json);
    maker_give(maker, "SystemDisk", &json);
}

static bool is_false(const char *text)
{
    return text != NULL && (text[0] == 'f' || text[0] == 'F' || text[0] == '0');
}

static void give_data_disks(struct maker *maker, const char *id)
{
    struct buf json;
    const struct action_call *call = maker->call;
    buf_init(&json, JSON_MAX);
    buf_put_char(&json, '[');
    for (size_t i = 0; disk_part(call, i, "DiskSize") != NULL; i++) {
        json_open(&json);
        model_put_disk(&json, id, i + 1, or_else(disk_part(call, i, "DiskType"), default_disk),
                       number_of(disk_part(call, i, "DiskSize"), 0));
        json_member_bool(&json, "DeleteWithInstance", !is_false(disk_part(call, i, "DeleteWithInstance")));
        json_member(&json, "SnapshotId", "");
        json_member_int(&json, "ThroughputPerformance", 0);
        json_member_bool(&json, "BurstPerformance", false);
        json_close(&json);
    }
    buf_put_char(&json, ']');
    maker_give(maker, "DataDisks", &json);
}

static void give_network(struct maker *maker, const struct state_subnet *subnet)
{
    struct buf json;
    const char *gateway = params_get(maker->call->params, "VirtualPrivateCloud.AsVpcGateway");
    buf_init(&json, JSON_MAX);
    json_open(&json);
    json_member(&json, "VpcId", subnet->vpc->id);
    json_member(&json, "SubnetId", subnet->id);
    json_member_bool(&json, "AsVpcGateway", gateway != NULL && !is_false(gateway));
    json_open_array(&json, "PrivateIpAddresses");
    json_close_array(&json);
    json_member_int(&json, "Ipv6AddressCount", 0);
    json_close(&json);
    maker_give(maker, "VirtualPrivateCloud", &json);
}

/* A prepaid one is what classic ones are, and runs out like they. */
static void give_charge(struct maker *maker)
{
    struct buf json;
    bool prepaid = is_prepaid(maker->call);
    give_text(maker, "InstanceChargeType", prepaid ? "PREPAID" : "POSTPAID_BY_HOUR");
    give_text(maker, "RenewFlag", prepaid ? "NOTIFY_AND_MANUAL_RENEW" : "");
    buf_init(&json, JSON_MAX);
    if (prepaid)
        model_put_expiry(&json, maker->call->now_ms / 1000);
    else
        buf_put(&json, "null");
    maker_give(maker, "ExpiredTime", &json);
}

void instance_given_put(struct maker *maker, const char *id, const struct state_subnet *subnet)
{
    struct size size = {0};
    if (maker->failed || !read_size(type_of(maker->call), &size))
        return;
    give_placement(maker);
    give_system_disk(maker, id);
    give_data_disks(maker, id);
    give_network(maker, subnet);
    give_charge(maker);
    give_text(maker, "InstanceType", type_of(maker->call));
    give_int(maker, "CPU", size.cores);
    give_int(maker, "Memory", size.memory);
    give_text(maker, "LatestOperation", "RunInstances");
    give_text(maker, "LatestOperationState", "SUCCESS");
    give_text(maker, "LatestOperationRequestId", maker->call->outcome->request_id);
    maker_give_text(maker, "ImageId", "ImageId");
    maker_give_texts(maker, "SecurityGroupIds", "SecurityGroupIds");
    maker_give_tags(maker, "TagSpecification.0.Tags", "Tags");
}
