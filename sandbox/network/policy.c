#include "sandbox/network/policy.h"

#include "base/json/json.h"
#include "sandbox/call/filter.h"
#include "sandbox/call/maker.h"
#include "sandbox/call/model.h"
#include "sandbox/network/policy_rule.h"
#include "sandbox/network/security_group.h"
#include "sandbox/http/number.h"

#include <stdio.h>
#include <string.h>
#include <utlist.h>

enum { POLICIES_MAX = 100, VERSION_SIZE = 24 }; /* of one direction: the vendor's quota */

/* What a change is about. */
struct change {
    struct action_call *call;
    struct state_group *group;
    enum state_direction direction;
    size_t count;                                /* of the rules that it has */
    struct state_policy *policies[POLICIES_MAX]; /* made, or found, one a rule */
};

static size_t count_rules(const struct action_call *call, enum state_direction direction)
{
    struct policy_rule rule;
    size_t count = 0;
    while (policy_rule_read(call, direction, count, &rule))
        count++;
    return count;
}

static int check_version(const struct change *change)
{
    char version[VERSION_SIZE];
    const char *given = params_get(change->call->params, "SecurityGroupPolicySet.Version");
    (void)snprintf(version, sizeof version, "%lld", change->group->version);
    if (given != NULL && strcmp(given, version) != 0)
        return outcome_refuse(change->call->outcome, OUTCOME_OLD_VERSION, "the version of the policies is %s",
                              version);
    return 0;
}

static int start(struct change *change, struct action_call *call)
{
    const char *id = action_required(call, "SecurityGroupId");
    size_t egress = count_rules(call, STATE_EGRESS);
    size_t ingress = count_rules(call, STATE_INGRESS);
    *change = (struct change){.call = call,
                              .group = id == NULL ? NULL : security_group_find(call, id),
                              .direction = ingress > 0 ? STATE_INGRESS : STATE_EGRESS,
                              .count = ingress + egress};
    if (change->group == NULL)
        return -1;
    if (change->count == 0)
        return outcome_refuse(call->outcome, OUTCOME_MISSING, "SecurityGroupPolicySet has no rule");
    if (ingress > 0 && egress > 0)
        return outcome_refuse(call->outcome, OUTCOME_TOGETHER, "Ingress and Egress exclude each other");
    if (change->count > POLICIES_MAX)
        return outcome_refuse(call->outcome, OUTCOME_FULL, "a security group has at most %d policies",
                              POLICIES_MAX);
    return check_version(change);
}

static void finish(struct change *change)
{
    change->group->version++;
    change->group->updated = change->call->now_ms / 1000;
    change->call->outcome->changed = true;
}

/* ---- create ---- */

static const char *text_of(struct maker *maker, const char *text)
{
    return maker_copy(maker, text == NULL ? "" : text);
}

static struct state_policy *make(const struct change *change, const struct policy_rule *rule)
{
    struct maker maker;
    maker_start(&maker, change->call);
    struct state_policy *policy = maker_thing(&maker, sizeof *policy);
    struct state_policy made = {.arena = maker.arena,
                                .direction = change->direction,
                                .protocol = text_of(&maker, rule->protocol),
                                .port = text_of(&maker, policy_rule_port(rule)),
                                .cidr = text_of(&maker, rule->cidr),
                                .cidr6 = text_of(&maker, rule->cidr6),
                                .group = text_of(&maker, rule->group),
                                .action = text_of(&maker, rule->action),
                                .description = text_of(&maker, rule->description),
                                .modified = change->call->now_ms / 1000};
    if (maker_end(&maker) != 0)
        return NULL;
    *policy = made;
    return policy;
}

/* Neither the group nor the call has it already. */
static int check_twin(const struct change *change, const struct policy_rule *rule, size_t before)
{
    const struct state_policy *policy;
    bool twin = false;
    DL_FOREACH(change->group->policies[change->direction], policy)
    twin = twin || policy_rule_is(rule, policy);
    for (size_t i = 0; i < before; i++)
        twin = twin || policy_rule_is(rule, change->policies[i]);
    return twin ? outcome_refuse(change->call->outcome, OUTCOME_DUPLICATE_POLICY, "rule %zu is there already",
                                 before)
                : 0;
}

/* Where rule `number` comes: behind those of this call that name the same place. */
static int place(const struct change *change, const struct policy_rule *rule, size_t number, size_t *out)
{
    struct policy_rule other;
    long long index = (long long)(change->group->policy_count[change->direction] + number);
    if (rule->index != NULL && !number_parse(rule->index, 0, index, &index))
        return outcome_refuse(change->call->outcome, OUTCOME_BAD_RANGE, "PolicyIndex must be 0 to %lld",
                              index);
    *out = (size_t)index;
    for (size_t i = 0; rule->index != NULL && i < number; i++)
        if (policy_rule_read(change->call, change->direction, i, &other) && other.index != NULL &&
            strcmp(other.index, rule->index) == 0)
            (*out)++;
    return 0;
}

static int make_all(struct change *change, size_t places[POLICIES_MAX], size_t *made)
{
    struct policy_rule rule;
    for (size_t i = 0; i < change->count; i++) {
        (void)policy_rule_read(change->call, change->direction, i, &rule);
        if (policy_rule_check(change->call, &rule) != 0 || check_twin(change, &rule, i) != 0 ||
            place(change, &rule, i, &places[i]) != 0)
            return -1;
        change->policies[i] = make(change, &rule);
        if (change->policies[i] == NULL)
            return -1;
        *made = i + 1;
    }
    return 0;
}

int policy_create(struct action_call *call)
{
    struct change change;
    size_t places[POLICIES_MAX];
    size_t made = 0;
    if (start(&change, call) != 0)
        return -1;
    if (change.group->policy_count[change.direction] + change.count > POLICIES_MAX)
        return outcome_refuse(call->outcome, OUTCOME_FULL, "a security group has at most %d policies",
                              POLICIES_MAX);
    if (make_all(&change, places, &made) != 0) {
        for (size_t i = 0; i < made; i++)
            arena_free(change.policies[i]->arena);
        return -1;
    }
    for (size_t i = 0; i < made; i++)
        state_add_policy(change.group, change.policies[i], places[i]);
    finish(&change);
    return 0;
}

/* ---- delete ---- */

static struct state_policy *find(const struct change *change, const struct policy_rule *rule)
{
    struct state_policy *policy;
    long long wanted = -1;
    long long index = 0;
    if (rule->index != NULL && !number_parse(rule->index, 0, POLICIES_MAX, &wanted))
        return NULL;
    DL_FOREACH(change->group->policies[change->direction], policy)
    {
        if (rule->index != NULL ? index == wanted : policy_rule_is(rule, policy))
            return policy;
        index++;
    }
    return NULL;
}

static bool is_found(const struct change *change, const struct state_policy *policy, size_t before)
{
    for (size_t i = 0; i < before; i++)
        if (change->policies[i] == policy)
            return true;
    return false;
}

int policy_delete(struct action_call *call)
{
    struct change change;
    struct policy_rule rule;
    if (start(&change, call) != 0)
        return -1;
    for (size_t i = 0; i < change.count; i++) {
        (void)policy_rule_read(call, change.direction, i, &rule);
        change.policies[i] = find(&change, &rule);
        if (change.policies[i] == NULL || is_found(&change, change.policies[i], i))
            return outcome_refuse(call->outcome, OUTCOME_NOT_FOUND, "there is no policy for rule %zu", i);
    }
    for (size_t i = 0; i < change.count; i++)
        state_remove_policy(change.group, change.policies[i]);
    finish(&change);
    return 0;
}

/* ---- describe ---- */

static const char *policy_protocol(const void *row)
{
    return ((const struct state_policy *)row)->protocol;
}

static const char *policy_port(const void *row)
{
    return ((const struct state_policy *)row)->port;
}

static const char *policy_cidr(const void *row)
{
    return ((const struct state_policy *)row)->cidr;
}

static const char *policy_action(const void *row)
{
    return ((const struct state_policy *)row)->action;
}

static const char *policy_direction(const void *row)
{
    return ((const struct state_policy *)row)->direction == STATE_INGRESS ? "INGRESS" : "EGRESS";
}

static const struct filter filters[] = {{"protocol-type", policy_protocol, false},
                                        {"port", policy_port, false},
                                        {"ip", policy_cidr, false},
                                        {"poly", policy_action, false},
                                        {"direction", policy_direction, false},
                                        {NULL, NULL, false}};

/* Their PolicyIndex is that of the whole list, so that it can be used to delete one. */
static void put_direction(const struct action_call *call, const struct state_group *group,
                          enum state_direction direction)
{
    const struct state_policy *policy;
    size_t index = 0;
    json_open_array(call->body, direction == STATE_INGRESS ? "Ingress" : "Egress");
    DL_FOREACH(group->policies[direction], policy)
    {
        if (filter_passes(filters, call, policy)) {
            json_open(call->body);
            model_put_policy(call->body, policy, index);
            json_close(call->body);
        }
        index++;
    }
    json_close_array(call->body);
}

static long long count_ipv6(const struct state_group *group, enum state_direction direction)
{
    const struct state_policy *policy;
    long long count = 0;
    DL_FOREACH(group->policies[direction], policy)
    count += policy->cidr6[0] != '\0';
    return count;
}

/* A policy that names another group counts as IPv4. */
static void put_statistics(struct buf *body, const struct state_group *group)
{
    static const char *const names[STATE_DIRECTIONS][2] = {
        [STATE_EGRESS] = {"EgressIPv4TotalCount", "EgressIPv6TotalCount"},
        [STATE_INGRESS] = {"IngressIPv4TotalCount", "IngressIPv6TotalCount"}};
    json_open_member(body, "PolicyStatistics");
    for (enum state_direction i = 0; i < STATE_DIRECTIONS; i++) {
        long long ipv6 = count_ipv6(group, i);
        json_member_int(body, names[i][0], (long long)group->policy_count[i] - ipv6);
        json_member_int(body, names[i][1], ipv6);
    }
    json_close(body);
}

int policy_describe(struct action_call *call)
{
    char version[VERSION_SIZE];
    const char *id = action_required(call, "SecurityGroupId");
    const struct state_group *group = id == NULL ? NULL : security_group_find(call, id);
    if (group == NULL || filter_check(filters, call) != 0)
        return -1;
    (void)snprintf(version, sizeof version, "%lld", group->version);
    json_open_member(call->body, "SecurityGroupPolicySet");
    json_member(call->body, "Version", version);
    put_direction(call, group, STATE_EGRESS);
    put_direction(call, group, STATE_INGRESS);
    put_statistics(call->body, group);
    json_close(call->body);
    return 0;
}
