#include "sandbox/actions/instance.h"

#include "base/json/json.h"
#include "sandbox/actions/instance_given.h"
#include "sandbox/network/subnet.h"
#include "sandbox/http/number.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum { COUNT_MAX = 100, NAME_LENGTH_MAX = 128, TOKEN_MAX = 64, NAME_SIZE = 256 }; /* the vendor's pages */

/* A network's own address and its gateway's come first, and the broadcast last. */
enum { FIRST_HOST = 2 };

/* What one call asks for. */
struct order {
    struct action_call *call;
    struct state_subnet *subnet;
    long long count;
    struct state_instance *made[COUNT_MAX];
};

/* ---- checks ---- */

static int find_subnet(struct order *order)
{
    struct action_call *call = order->call;
    const char *vpc = action_required(call, "VirtualPrivateCloud.VpcId");
    const char *id = action_required(call, "VirtualPrivateCloud.SubnetId");
    struct state_vpc *found = vpc == NULL || id == NULL ? NULL : action_vpc(call, vpc);
    order->subnet = found == NULL ? NULL : subnet_find(call, id);
    if (order->subnet == NULL)
        return -1;
    if (order->subnet->vpc != found)
        return outcome_refuse(call->outcome, OUTCOME_BAD_VALUE, "the subnet %.64s is not in that vpc", id);
    return 0;
}

static int64_t usable_of(const struct cidr *network)
{
    return cidr_size(network) - FIRST_HOST - 1;
}

static int check_room(struct order *order)
{
    struct action_call *call = order->call;
    if (call->state->instance_count + (size_t)order->count > STATE_MADE_MAX)
        return outcome_refuse(call->outcome, OUTCOME_FULL, "the sandbox makes no more than %d instances",
                              STATE_MADE_MAX);
    if ((int64_t)order->subnet->instance_count + order->count > usable_of(&order->subnet->network))
        return outcome_refuse(call->outcome, OUTCOME_FULL, "the subnet has no address left");
    return 0;
}

static int check_texts(struct action_call *call)
{
    const char *name = params_get(call->params, "InstanceName");
    const char *token = params_get(call->params, "ClientToken");
    if (name != NULL && strlen(name) > NAME_LENGTH_MAX)
        return outcome_refuse(call->outcome, OUTCOME_TOO_LONG, "InstanceName has at most %d bytes",
                              NAME_LENGTH_MAX);
    if (token != NULL && strlen(token) > TOKEN_MAX)
        return outcome_refuse(call->outcome, OUTCOME_TOO_LONG, "ClientToken has at most %d bytes", TOKEN_MAX);
    return 0;
}

static int read_order(struct order *order, struct action_call *call)
{
    const char *count = params_get(call->params, "InstanceCount");
    *order = (struct order){.call = call, .count = 1};
    if (instance_given_check(call) != 0 || check_texts(call) != 0 || find_subnet(order) != 0)
        return -1;
    if (count != NULL && !number_parse(count, 1, COUNT_MAX, &order->count))
        return outcome_refuse(call->outcome, OUTCOME_BAD_RANGE, "InstanceCount must be a number from 1 to %d",
                              COUNT_MAX);
    return check_room(order);
}

/* ---- one instance ---- */

static bool is_used(const struct order *order, const char *ip)
{
    const struct state_instance *instance;
    if (order->subnet->next_host <= (uint64_t)usable_of(&order->subnet->network))
        return false; /* the first round */
    DL_FOREACH(order->call->state->instances, instance)
    if (instance->subnet == order->subnet && strcmp(instance->lan_ip, ip) == 0)
        return true;
    return false;
}

/* The next free one, round and round: there is one, as check_room() has found. */
static void take_ip(struct order *order, char out[INET_ADDRSTRLEN])
{
    const struct cidr *network = &order->subnet->network;
    uint32_t usable = (uint32_t)usable_of(network);
    do {
        uint32_t host = FIRST_HOST + (uint32_t)(order->subnet->next_host++ % usable);
        struct in_addr address = {.s_addr = htonl(network->base + host)};
        (void)inet_ntop(AF_INET, &address, out, INET_ADDRSTRLEN);
    } while (is_used(order, out));
}

/* "web-{R:3}" numbers from 3 on; of several without a pattern each has its number, from 1 on, at its end. */
static void make_name(const struct order *order, long long number, char out[NAME_SIZE])
{
    const char *name = params_get(order->call->params, "InstanceName");
    const char *pattern = name == NULL ? NULL : strstr(name, "{R:");
    size_t digits = pattern == NULL ? 0 : strspn(pattern + 3, "0123456789");
    if (name == NULL)
        (void)snprintf(out, NAME_SIZE, "unnamed");
    else if (digits > 0 && digits < 9 && pattern[3 + digits] == '}')
        (void)snprintf(out, NAME_SIZE, "%.*s%lld%s", (int)(pattern - name), name,
                       strtoll(pattern + 3, NULL, 10) + number, pattern + 3 + digits + 1);
    else if (order->count > 1)
        (void)snprintf(out, NAME_SIZE, "%s%lld", name, number + 1);
    else
        (void)snprintf(out, NAME_SIZE, "%s", name);
}

static const char *const *copy_groups(struct maker *maker)
{
    const struct params *params = maker->call->params;
    size_t count = 0;
    while (params_member(params, "SecurityGroupIds", count) != NULL)
        count++;
    const char **groups = maker_thing(maker, (count + 1) * sizeof *groups);
    for (size_t i = 0; groups != NULL && i < count; i++)
        groups[i] = maker_copy(maker, params_member(params, "SecurityGroupIds", i));
    return groups;
}

static struct state_instance *make(struct order *order, long long number)
{
    struct maker maker;
    char ip[INET_ADDRSTRLEN] = "";
    char name[NAME_SIZE];
    const char *token = params_get(order->call->params, "ClientToken");
    take_ip(order, ip);
    make_name(order, number, name);
    maker_start(&maker, order->call);
    struct state_instance *instance = maker_thing(&maker, sizeof *instance);
    struct state_instance made = {.arena = maker.arena,
                                  .id = maker_id(&maker, "ins-"),
                                  .name = maker_copy(&maker, name),
                                  .lan_ip = maker_copy(&maker, ip),
                                  .region = order->call->region,
                                  .created = order->call->now_ms / 1000,
                                  .subnet = order->subnet,
                                  .groups = copy_groups(&maker),
                                  .client_token = token == NULL ? NULL : maker_copy(&maker, token)};
    made.legacy_id = made.id; /* it was made after the upgrade */
    instance_given_put(&maker, made.id, order->subnet);
    if (maker_end(&maker) != 0)
        return NULL;
    made.given = maker.given;
    *instance = made;
    return instance;
}

/* ---- run ---- */

static bool is_of_token(const struct action_call *call, const struct state_instance *instance)
{
    const char *token = params_get(call->params, "ClientToken");
    return token != NULL && instance->client_token != NULL && strcmp(token, instance->client_token) == 0 &&
           instance->region == call->region;
}

/* Those that an earlier call with the same ClientToken made; how many. */
static size_t put_again(struct action_call *call)
{
    const struct state_instance *instance;
    size_t count = 0;
    DL_FOREACH(call->state->instances, instance)
    if (is_of_token(call, instance)) {
        json_element(call->body, instance->id);
        count++;
    }
    return count;
}

static int make_all(struct order *order)
{
    for (long long i = 0; i < order->count; i++) {
        order->made[i] = make(order, i);
        if (order->made[i] == NULL) {
            while (i-- > 0)
                arena_free(order->made[i]->arena);
            return -1;
        }
    }
    for (long long i = 0; i < order->count; i++) {
        state_add_instance(order->call->state, order->made[i]);
        json_element(order->call->body, order->made[i]->id);
    }
    order->call->outcome->changed = true;
    return 0;
}

/* A dry run says that all is well, and names no instance. */
static bool is_dry(const struct action_call *call)
{
    const char *text = params_get(call->params, "DryRun");
    return text != NULL && (text[0] == 't' || text[0] == 'T' || text[0] == '1');
}

int instance_run(struct action_call *call)
{
    struct order order;
    if (read_order(&order, call) != 0)
        return -1;
    if (is_dry(call))
        return 0;
    json_open_array(call->body, "InstanceIdSet");
    if (put_again(call) == 0 && make_all(&order) != 0)
        return -1;
    json_close_array(call->body);
    return 0;
}

/* ---- terminate ---- */

/* cvm has names of its own for what is wrong. */
static int check(struct action_call *call, const char *id)
{
    const struct state_instance *instance = state_instance(call->state, id);
    if (strncmp(id, "ins-", sizeof "ins-" - 1) != 0)
        return outcome_refuse(call->outcome, OUTCOME_INSTANCE_MALFORMED, "%.64s is no id of an instance", id);
    if (instance == NULL || instance->region != call->region)
        return outcome_refuse(call->outcome, OUTCOME_INSTANCE_GONE, "the instance %.64s does not exist", id);
    return 0;
}

int instance_terminate(struct action_call *call)
{
    const char *first = params_member(call->params, "InstanceIds", 0);
    const char *id = first;
    if (first == NULL)
        return outcome_refuse(call->outcome, OUTCOME_MISSING, "InstanceIds.0 is missing");
    for (size_t i = 0; id != NULL; id = params_member(call->params, "InstanceIds", ++i))
        if (check(call, id) != 0)
            return -1;
    id = first;
    for (size_t i = 0; id != NULL; id = params_member(call->params, "InstanceIds", ++i)) {
        struct state_instance *instance = state_instance(call->state, id);
        if (instance != NULL) /* named twice: one is enough */
            state_remove_instance(call->state, instance);
    }
    call->outcome->changed = true;
    return 0;
}
