#include "sandbox/actions/describe3.h"

#include "base/json/json.h"
#include "sandbox/call/filter.h"
#include "sandbox/call/model.h"
#include "sandbox/call/page.h"
#include "sandbox/call/rows.h"

#include <string.h>
#include <utlist.h>

/* The vendor's pages of all three. */
enum { LIMIT_MAX = 100 };

static const char *const no_order[] = {NULL};

static void put_empty_array(struct buf *body, const char *key)
{
    json_open_array(body, key);
    json_close_array(body);
}

static const char *link_vpc(const void *row)
{
    return ((const struct state_instance *)row)->vpc->id;
}

static const char *instance_ip(const void *row)
{
    return ((const struct state_instance *)row)->lan_ip;
}

int describe3_links(struct action_call *call)
{
    static const struct filter filters[] = {
        {"vpc-id", link_vpc, false}, {"vm-ip", instance_ip, false}, {NULL, NULL, false}};
    struct page page;
    struct rows rows;
    if (page_read(&page, call, LIMIT_MAX, no_order) != 0 || filter_check(filters, call) != 0 ||
        rows_init(&rows, call, call->state->instance_count) != 0)
        return -1;
    const struct state_instance *instance;
    DL_FOREACH(call->state->instances, instance)
    {
        if (instance->region == call->region && instance->vpc != NULL &&
            filter_passes(filters, call, instance))
            rows_add(&rows, instance);
    }
    rows_answer(&rows, &page, call->body, "ClassicLinkInstanceSet", model_put_link);
    return 0;
}

int describe3_task(struct action_call *call)
{
    const char *name = params_get(call->params, "TaskId");
    if (name == NULL || name[0] == '\0')
        return outcome_refuse(call->outcome, OUTCOME_MISSING, "TaskId is missing");
    long long id = state_task_named(call->state, name);
    if (id < 0)
        return outcome_refuse(call->outcome, OUTCOME_NO_TASK, "the task does not exist");
    bool done = state_task(call->state, id, call->now_ms) == STATE_TASK_DONE;
    json_member(call->body, "Status", done ? "SUCCESS" : "RUNNING");
    json_member(call->body, "Output", "");
    put_empty_array(call->body, "Result");
    return 0;
}

static const char *vpc_id(const void *row)
{
    return ((const struct state_vpc *)row)->id;
}

static const char *vpc_name(const void *row)
{
    return ((const struct state_vpc *)row)->name;
}

static const char *vpc_cidr(const void *row)
{
    return ((const struct state_vpc *)row)->cidr;
}

/* None of them is. */
static const char *vpc_default(const void *row)
{
    (void)row;
    return "false";
}

/* Every id that is named must be there; and ids and filters exclude each other. */
static int check_vpc_ids(struct action_call *call)
{
    const char *id = params_member(call->params, "VpcIds", 0);
    if (id != NULL && params_get(call->params, "Filters.0.Name") != NULL)
        return outcome_refuse(call->outcome, OUTCOME_TOGETHER, "VpcIds and Filters exclude each other");
    for (size_t i = 0; id != NULL; id = params_member(call->params, "VpcIds", ++i))
        if (action_vpc(call, id) == NULL)
            return -1;
    return 0;
}

int describe3_vpcs(struct action_call *call)
{
    static const struct filter filters[] = {{"vpc-id", vpc_id, false},
                                            {"vpc-name", vpc_name, true},
                                            {"cidr-block", vpc_cidr, false},
                                            {"is-default", vpc_default, false},
                                            {NULL, NULL, false}};
    struct page page;
    struct rows rows;
    if (page_read(&page, call, LIMIT_MAX, no_order) != 0 || filter_check(filters, call) != 0 ||
        check_vpc_ids(call) != 0 || rows_init(&rows, call, call->state->vpc_count) != 0)
        return -1;
    bool all = params_member(call->params, "VpcIds", 0) == NULL;
    const struct state_vpc *vpc;
    DL_FOREACH(call->state->vpcs, vpc)
    {
        if (vpc->region == call->region && (all || params_lists(call->params, "VpcIds", vpc->id)) &&
            filter_passes(filters, call, vpc))
            rows_add(&rows, vpc);
    }
    rows_answer(&rows, &page, call->body, "VpcSet", model_put_vpc);
    return 0;
}

static const char *instance_id(const void *row)
{
    return ((const struct state_instance *)row)->id;
}

static const char *instance_name(const void *row)
{
    return ((const struct state_instance *)row)->name;
}

/* A classic instance is in none, also when it is linked to one. */
static const char *instance_vpc(const void *row)
{
    const struct state_subnet *subnet = ((const struct state_instance *)row)->subnet;
    return subnet == NULL ? "" : subnet->vpc->id;
}

static const char *instance_subnet(const void *row)
{
    const struct state_subnet *subnet = ((const struct state_instance *)row)->subnet;
    return subnet == NULL ? "" : subnet->id;
}

int describe3_instances(struct action_call *call)
{
    static const struct filter filters[] = {
        {"instance-id", instance_id, false},        {"instance-name", instance_name, false},
        {"private-ip-address", instance_ip, false}, {"vpc-id", instance_vpc, false},
        {"subnet-id", instance_subnet, false},      {NULL, NULL, false}};
    struct page page;
    struct rows rows;
    bool all = params_member(call->params, "InstanceIds", 0) == NULL;
    if (!all && params_get(call->params, "Filters.0.Name") != NULL)
        return outcome_refuse(call->outcome, OUTCOME_TOGETHER, "InstanceIds and Filters exclude each other");
    if (page_read(&page, call, LIMIT_MAX, no_order) != 0 || filter_check(filters, call) != 0 ||
        rows_init(&rows, call, call->state->instance_count) != 0)
        return -1;
    const struct state_instance *instance;
    DL_FOREACH(call->state->instances, instance)
    {
        if (instance->region == call->region &&
            (all || params_lists(call->params, "InstanceIds", instance->id)) &&
            filter_passes(filters, call, instance))
            rows_add(&rows, instance);
    }
    rows_answer(&rows, &page, call->body, "InstanceSet", model_put_instance);
    return 0;
}
