#include "sandbox/network/vpc.h"

#include "base/json/json.h"
#include "sandbox/call/maker.h"
#include "sandbox/call/model.h"

#include <string.h>
#include <utlist.h>

enum { PREFIX_MIN = 12, PREFIX_MAX = 28, NAME_MAX_LENGTH = 60 }; /* the vendor's page of CreateVpc */

static int check_network(struct action_call *call, const char *text)
{
    struct cidr cidr;
    if (!cidr_parse(text, &cidr))
        return outcome_refuse(call->outcome, OUTCOME_MALFORMED, "%.64s is no network such as 10.0.0.0/16",
                              text);
    if (!cidr_is_private(&cidr) || cidr.length < PREFIX_MIN || cidr.length > PREFIX_MAX)
        return outcome_refuse(call->outcome, OUTCOME_BAD_VALUE,
                              "%.64s is not a /%d to /%d in 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16",
                              text, PREFIX_MIN, PREFIX_MAX);
    return 0;
}

static int check(struct action_call *call, const char *name, const char *cidr)
{
    if (name == NULL || cidr == NULL || check_network(call, cidr) != 0)
        return -1;
    if (strlen(name) > NAME_MAX_LENGTH)
        return outcome_refuse(call->outcome, OUTCOME_TOO_LONG, "VpcName has at most %d bytes",
                              NAME_MAX_LENGTH);
    if (call->state->vpc_count >= STATE_MADE_MAX)
        return outcome_refuse(call->outcome, OUTCOME_FULL, "the sandbox takes at most %d VPCs",
                              STATE_MADE_MAX);
    return 0;
}

static struct state_vpc *make(struct maker *maker, const char *name, const char *cidr)
{
    struct state_vpc *vpc = maker_thing(maker, sizeof *vpc);
    const char *id = maker_id(maker, "vpc-");
    name = maker_copy(maker, name);
    cidr = maker_copy(maker, cidr);
    maker_give_bool(maker, "EnableMulticast", "EnableMulticast");
    maker_give_texts(maker, "DnsServers", "DnsServerSet");
    maker_give_text(maker, "DomainName", "DomainName");
    maker_give_tags(maker, "Tags", "TagSet");
    maker_give_bool(maker, "EnableRouteVpcPublish", "EnableRouteVpcPublish");
    maker_give_bool(maker, "EnableRouteVpcPublishIpv6", "EnableRouteVpcPublishIpv6");
    if (maker_end(maker) != 0)
        return NULL;
    *vpc = (struct state_vpc){.arena = maker->arena,
                              .id = id,
                              .legacy_id = id, /* it was made after the upgrade */
                              .name = name,
                              .cidr = cidr,
                              .region = maker->call->region,
                              .created = maker->call->now_ms / 1000,
                              .given = maker->given};
    return vpc;
}

int vpc_create(struct action_call *call)
{
    struct maker maker;
    const char *name = action_required(call, "VpcName");
    const char *cidr = action_required(call, "CidrBlock");
    if (check(call, name, cidr) != 0)
        return -1;
    maker_start(&maker, call);
    struct state_vpc *vpc = make(&maker, name, cidr);
    if (vpc == NULL)
        return -1;
    state_add_vpc(call->state, vpc);
    call->outcome->changed = true;
    json_open_member(call->body, "Vpc");
    model_put_vpc(call->body, vpc);
    json_close(call->body);
    return 0;
}

static bool has_subnet(const struct state *state, const struct state_vpc *vpc)
{
    const struct state_subnet *subnet;
    DL_FOREACH(state->subnets, subnet)
    if (subnet->vpc == vpc)
        return true;
    return false;
}

int vpc_delete(struct action_call *call)
{
    const char *id = action_required(call, "VpcId");
    struct state_vpc *vpc = id == NULL ? NULL : action_vpc(call, id);
    if (vpc == NULL)
        return -1;
    if (vpc->link_count > 0 || has_subnet(call->state, vpc))
        return outcome_refuse(call->outcome, OUTCOME_IN_USE, "the vpc %.64s has subnets or linked instances",
                              id);
    state_remove_vpc(call->state, vpc);
    call->outcome->changed = true;
    return 0;
}
