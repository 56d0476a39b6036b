#include "sandbox/actions/describe.h"

#include "base/json/json.h"
#include "sandbox/http/number.h"
#include "sandbox/call/page.h"
#include "sandbox/call/rows.h"

#include <limits.h>
#include <string.h>
#include <utlist.h>
#include <time.h>

enum {
    LINKS_LIMIT_MAX = 50,      /* the vendor's page of DescribeVpcClassicLink */
    VPCS_LIMIT_MAX = 100,      /* not documented                              */
    INSTANCES_LIMIT_MAX = 100, /* the vendor's page of DescribeInstances      */
};

/* Every instance of this sandbox is running (2), in the default project, in one zone. */
static const struct {
    const char *name;
    long long value;
} instance_traits[] = {{"status", 2}, {"projectId", 0}, {"zoneId", 100002}};

/* The vendor writes no zone; this is UTC. */
static void member_time(struct buf *body, const char *key, int64_t when)
{
    time_t seconds = (time_t)when;
    struct tm tm;
    char text[sizeof "2026-11-24 12:00:00"];
    if (gmtime_r(&seconds, &tm) != NULL && strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &tm) > 0)
        json_member(body, key, text);
}

static void open_answer(struct buf *body)
{
    json_open(body);
    json_member_int(body, "code", OUTCOME_GOOD);
    json_member(body, "message", "");
    json_member(body, "codeDesc", "Success");
}

static void put_list(struct action_call *call, struct rows *rows, const struct page *page, const char *key,
                     int (*compare)(const void *, const void *), void (*put)(struct buf *, const void *))
{
    open_answer(call->body);
    json_member_int(call->body, "totalCount", (long long)rows->count);
    rows_put(rows, page, call->body, key, compare, put);
    json_close(call->body);
    rows_done(rows);
}

static int by_link_time(const void *left, const void *right)
{
    const struct state_instance *a = *(const struct state_instance *const *)left;
    const struct state_instance *b = *(const struct state_instance *const *)right;
    return (a->link_order > b->link_order) - (a->link_order < b->link_order);
}

static void put_link(struct buf *body, const void *row)
{
    const struct state_instance *instance = row;
    json_member(body, "lanIp", instance->lan_ip);
    json_member(body, "unVpcId", instance->vpc->id);
    json_member(body, "vpcId", instance->vpc->legacy_id);
    json_member(body, "classicLinkId", instance->link_id);
    member_time(body, "createTime", instance->linked_at);
    json_member(body, "instanceId", instance->id);
    json_member(body, "instanceName", instance->name);
}

static bool has_lan_ip(const struct action_call *call, const char *lan_ip)
{
    const struct state_instance *instance;
    DL_FOREACH(call->state->instances, instance)
    if (instance->region == call->region && strcmp(instance->lan_ip, lan_ip) == 0)
        return true;
    return false;
}

struct link_filter {
    const struct state_vpc *vpc;
    const char *link_id;
    const char *lan_ip;
};

static int read_link_filter(struct link_filter *filter, struct action_call *call)
{
    const char *vpc = params_get(call->params, "vpcId");
    filter->link_id = params_get(call->params, "classicLinkId");
    filter->lan_ip = params_get(call->params, "lanIp");
    filter->vpc = vpc == NULL ? NULL : action_vpc(call, vpc);
    if (vpc != NULL && filter->vpc == NULL)
        return -1;
    if (filter->lan_ip != NULL && !has_lan_ip(call, filter->lan_ip))
        return outcome_refuse(call->outcome, OUTCOME_NO_LAN_IP, "no instance has this lanIp");
    return 0;
}

static bool link_passes(const struct link_filter *filter, const struct state_instance *instance)
{
    return instance->vpc != NULL && (filter->vpc == NULL || instance->vpc == filter->vpc) &&
           (filter->link_id == NULL || strcmp(instance->link_id, filter->link_id) == 0) &&
           (filter->lan_ip == NULL || strcmp(instance->lan_ip, filter->lan_ip) == 0);
}

int describe_links(struct action_call *call)
{
    static const char *const fields[] = {"createTime", NULL};
    struct link_filter filter;
    struct page page;
    struct rows rows;
    if (page_read(&page, call, LINKS_LIMIT_MAX, fields) != 0 || read_link_filter(&filter, call) != 0 ||
        rows_init(&rows, call, call->state->instance_count) != 0)
        return -1;
    const struct state_instance *instance;
    DL_FOREACH(call->state->instances, instance)
    {
        if (instance->region == call->region && link_passes(&filter, instance))
            rows_add(&rows, instance);
    }
    put_list(call, &rows, &page, "data", by_link_time, put_link);
    return 0;
}

int describe_task(struct action_call *call)
{
    const char *text = params_get(call->params, "taskId");
    long long id;
    if (text == NULL || !number_parse(text, 0, LLONG_MAX, &id))
        return outcome_refuse(call->outcome, OUTCOME_BAD_VALUE, "taskId is missing or not a number");
    enum state_progress task = state_task(call->state, id, call->now_ms);
    if (task == STATE_TASK_UNKNOWN)
        return outcome_refuse(call->outcome, OUTCOME_NO_TASK, "the task does not exist");
    open_answer(call->body);
    json_open_member(call->body, "data");
    json_member_int(call->body, "status", task);
    json_close(call->body);
    json_close(call->body);
    return 0;
}

static int by_vpc_name(const void *left, const void *right)
{
    const struct state_vpc *a = *(const struct state_vpc *const *)left;
    const struct state_vpc *b = *(const struct state_vpc *const *)right;
    return strcmp(a->name, b->name);
}

/* Many were made in one second. */
static int by_vpc_time(const void *left, const void *right)
{
    const struct state_vpc *a = *(const struct state_vpc *const *)left;
    const struct state_vpc *b = *(const struct state_vpc *const *)right;
    return (a->order > b->order) - (a->order < b->order);
}

static void put_vpc(struct buf *body, const void *row)
{
    static const char *const nothing[] = {"subnetNum",    "routeTableNum", "vpnGwNum", "vpcPeerNum",
                                          "vpcDeviceNum", "vpgNum",        "natNum"};
    const struct state_vpc *vpc = row;
    json_member(body, "vpcId", vpc->legacy_id);
    json_member(body, "unVpcId", vpc->id);
    json_member(body, "vpcName", vpc->name);
    json_member(body, "cidrBlock", vpc->cidr);
    for (size_t i = 0; i < COUNT(nothing); i++)
        json_member_int(body, nothing[i], 0);
    json_member_int(body, "classicLinkNum", (long long)vpc->link_count);
    member_time(body, "createTime", vpc->created);
    json_member_bool(body, "isDefault", false);
}

int describe_vpcs(struct action_call *call)
{
    static const char *const fields[] = {"createTime", "vpcName", NULL};
    struct page page;
    struct rows rows;
    const char *id = params_get(call->params, "vpcId");
    const char *name = params_get(call->params, "vpcName");
    if (page_read(&page, call, VPCS_LIMIT_MAX, fields) != 0)
        return -1;
    const struct state_vpc *one = id == NULL ? NULL : action_vpc(call, id);
    if ((id != NULL && one == NULL) || rows_init(&rows, call, call->state->vpc_count) != 0)
        return -1;
    const struct state_vpc *vpc;
    DL_FOREACH(call->state->vpcs, vpc)
    {
        if (vpc->region == call->region && (one == NULL || vpc == one) &&
            (name == NULL || strstr(vpc->name, name) != NULL))
            rows_add(&rows, vpc);
    }
    bool named = page.order_field == fields[1];
    put_list(call, &rows, &page, "data", named ? by_vpc_name : by_vpc_time, put_vpc);
    return 0;
}

static void put_instance(struct buf *body, const void *row)
{
    const struct state_instance *instance = row;
    const struct state_region *region = instance->region;
    json_member(body, "instanceId", instance->legacy_id);
    json_member(body, "unInstanceId", instance->id);
    json_member(body, "instanceName", instance->name);
    json_member(body, "lanIp", instance->lan_ip);
    /* A classic instance is in no VPC, also when it is linked to one. */
    json_member(body, "vpcId", instance->subnet == NULL ? "" : instance->subnet->vpc->legacy_id);
    json_member(body, "Region", region->short_name != NULL ? region->short_name : region->name);
    for (size_t i = 0; i < COUNT(instance_traits); i++)
        json_member_int(body, instance_traits[i].name, instance_traits[i].value);
}

/* True when the list is empty, or has one of the two. */
static bool is_listed(const struct action_call *call, const char *list, const char *one, const char *other)
{
    return params_member(call->params, list, 0) == NULL || params_lists(call->params, list, one) ||
           params_lists(call->params, list, other);
}

static bool instance_passes(const struct action_call *call, const struct state_instance *instance)
{
    const char *word = params_get(call->params, "searchWord");
    for (size_t i = 0; i < COUNT(instance_traits); i++) {
        const char *text = params_get(call->params, instance_traits[i].name);
        long long wanted;
        if (text != NULL && (!number_parse(text, 0, INT_MAX, &wanted) || wanted != instance_traits[i].value))
            return false;
    }
    return instance->region == call->region && (word == NULL || strstr(instance->name, word) != NULL) &&
           is_listed(call, "instanceIds", instance->id, instance->legacy_id) &&
           is_listed(call, "lanIps", instance->lan_ip, instance->lan_ip);
}

int describe_instances(struct action_call *call)
{
    static const char *const fields[] = {NULL};
    static const char *const lists[] = {"instanceIds", "lanIps"};
    struct page page;
    struct rows rows;
    struct err err = {0};
    size_t count = 0;
    for (size_t i = 0; i < COUNT(lists); i++)
        if (params_count(call->params, lists[i], &count, &err) != 0)
            return outcome_refuse(call->outcome, OUTCOME_BAD_REQUEST, "%s", err.text);
    if (page_read(&page, call, INSTANCES_LIMIT_MAX, fields) != 0 ||
        rows_init(&rows, call, call->state->instance_count) != 0)
        return -1;
    const struct state_instance *instance;
    DL_FOREACH(call->state->instances, instance)
    if (instance_passes(call, instance))
        rows_add(&rows, instance);
    put_list(call, &rows, &page, "instanceSet", NULL, put_instance);
    return 0;
}
