#include "sandbox/network/subnet.h"

#include "base/json/json.h"
#include "sandbox/call/filter.h"
#include "sandbox/call/maker.h"
#include "sandbox/call/model.h"
#include "sandbox/call/page.h"
#include "sandbox/call/rows.h"

#include <string.h>
#include <utlist.h>

enum { PREFIX_MAX = 29, LIMIT_MAX = 100 };

struct state_subnet *subnet_find(struct action_call *call, const char *id)
{
    struct state_subnet *subnet = state_subnet(call->state, id);
    if (strncmp(id, "subnet-", sizeof "subnet-" - 1) != 0)
        (void)outcome_refuse(call->outcome, OUTCOME_MALFORMED, "%.64s is no id of a subnet", id);
    else if (subnet != NULL && subnet->vpc->region == call->region)
        return subnet;
    (void)outcome_refuse(call->outcome, OUTCOME_NOT_FOUND, "the subnet %.64s does not exist", id);
    return NULL;
}

static int check_others(struct action_call *call, const struct state_vpc *vpc, const struct cidr *network)
{
    const struct state_subnet *other;
    DL_FOREACH(call->state->subnets, other)
    if (other->vpc == vpc && (cidr_holds(&other->network, network) || cidr_holds(network, &other->network)))
        return outcome_refuse(call->outcome, OUTCOME_SUBNET_CONFLICT, "the subnet %.64s has a part of it",
                              other->id);
    return 0;
}

static int check_network(struct action_call *call, const struct state_vpc *vpc, const char *text,
                         struct cidr *network)
{
    struct cidr outer;
    if (!cidr_parse(text, network) || network->length > PREFIX_MAX)
        return outcome_refuse(call->outcome, OUTCOME_MALFORMED, "%.64s is no network of at most /%d", text,
                              PREFIX_MAX);
    if (!cidr_parse(vpc->cidr, &outer) || !cidr_holds(&outer, network))
        return outcome_refuse(call->outcome, OUTCOME_SUBNET_RANGE, "%.64s is not in the network of the vpc",
                              text);
    if (call->state->subnet_count >= STATE_MADE_MAX)
        return outcome_refuse(call->outcome, OUTCOME_FULL, "the sandbox takes at most %d subnets",
                              STATE_MADE_MAX);
    return check_others(call, vpc, network);
}

/* What CreateSubnet must name, checked. */
struct wanted {
    const char *name;
    const char *cidr;
    const char *zone;
    struct state_vpc *vpc;
    struct cidr network;
};

static int read_wanted(struct action_call *call, struct wanted *wanted)
{
    const char *vpc = action_required(call, "VpcId");
    wanted->name = action_required(call, "SubnetName");
    wanted->cidr = action_required(call, "CidrBlock");
    wanted->zone = action_required(call, "Zone");
    if (vpc == NULL || wanted->name == NULL || wanted->cidr == NULL || wanted->zone == NULL)
        return -1;
    wanted->vpc = action_vpc(call, vpc);
    return wanted->vpc == NULL ? -1 : check_network(call, wanted->vpc, wanted->cidr, &wanted->network);
}

static struct state_subnet *make(struct maker *maker, const struct wanted *wanted)
{
    struct state_subnet *subnet = maker_thing(maker, sizeof *subnet);
    const char *id = maker_id(maker, "subnet-");
    const char *name = maker_copy(maker, wanted->name);
    const char *cidr = maker_copy(maker, wanted->cidr);
    const char *zone = maker_copy(maker, wanted->zone);
    maker_give_tags(maker, "Tags", "TagSet");
    maker_give_text(maker, "CdcId", "CdcId");
    if (maker_end(maker) != 0)
        return NULL;
    *subnet = (struct state_subnet){.arena = maker->arena,
                                    .id = id,
                                    .name = name,
                                    .cidr = cidr,
                                    .network = wanted->network,
                                    .zone = zone,
                                    .vpc = wanted->vpc,
                                    .created = maker->call->now_ms / 1000,
                                    .given = maker->given};
    return subnet;
}

int subnet_create(struct action_call *call)
{
    struct maker maker;
    struct wanted wanted = {0};
    if (read_wanted(call, &wanted) != 0)
        return -1;
    maker_start(&maker, call);
    struct state_subnet *subnet = make(&maker, &wanted);
    if (subnet == NULL)
        return -1;
    state_add_subnet(call->state, subnet);
    call->outcome->changed = true;
    json_open_member(call->body, "Subnet");
    model_put_subnet(call->body, subnet);
    json_close(call->body);
    return 0;
}

int subnet_delete(struct action_call *call)
{
    const char *id = action_required(call, "SubnetId");
    struct state_subnet *subnet = id == NULL ? NULL : subnet_find(call, id);
    if (subnet == NULL)
        return -1;
    if (subnet->instance_count > 0)
        return outcome_refuse(call->outcome, OUTCOME_IN_USE, "the subnet %.64s has instances", id);
    state_remove_subnet(call->state, subnet);
    call->outcome->changed = true;
    return 0;
}

static const char *subnet_id(const void *row)
{
    return ((const struct state_subnet *)row)->id;
}

static const char *subnet_vpc(const void *row)
{
    return ((const struct state_subnet *)row)->vpc->id;
}

static const char *subnet_cidr(const void *row)
{
    return ((const struct state_subnet *)row)->cidr;
}

static const char *subnet_name(const void *row)
{
    return ((const struct state_subnet *)row)->name;
}

static const char *subnet_zone(const void *row)
{
    return ((const struct state_subnet *)row)->zone;
}

static const struct filter filters[] = {
    {"subnet-id", subnet_id, false},    {"vpc-id", subnet_vpc, false}, {"cidr-block", subnet_cidr, false},
    {"subnet-name", subnet_name, true}, {"zone", subnet_zone, false},  {NULL, NULL, false}};

/* Every id that is named must be there; and ids and filters exclude each other. */
static int check_ids(struct action_call *call)
{
    const char *id = params_member(call->params, "SubnetIds", 0);
    if (id != NULL && params_get(call->params, "Filters.0.Name") != NULL)
        return outcome_refuse(call->outcome, OUTCOME_TOGETHER, "SubnetIds and Filters exclude each other");
    for (size_t i = 0; id != NULL; id = params_member(call->params, "SubnetIds", ++i))
        if (subnet_find(call, id) == NULL)
            return -1;
    return 0;
}

int subnet_describe(struct action_call *call)
{
    static const char *const no_order[] = {NULL};
    struct page page;
    struct rows rows;
    if (page_read(&page, call, LIMIT_MAX, no_order) != 0 || filter_check(filters, call) != 0 ||
        check_ids(call) != 0 || rows_init(&rows, call, call->state->subnet_count) != 0)
        return -1;
    bool all = params_member(call->params, "SubnetIds", 0) == NULL;
    const struct state_subnet *subnet;
    DL_FOREACH(call->state->subnets, subnet)
    if (subnet->vpc->region == call->region && (all || params_lists(call->params, "SubnetIds", subnet->id)) &&
        filter_passes(filters, call, subnet))
        rows_add(&rows, subnet);
    rows_answer(&rows, &page, call->body, "SubnetSet", model_put_subnet);
    return 0;
}
