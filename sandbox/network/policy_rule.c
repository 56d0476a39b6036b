#include "sandbox/network/policy_rule.h"

#include "sandbox/network/security_group.h"
#include "sandbox/http/number.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { NAME_SIZE = 80, PORT_MAX = 65535, PREFIX6_MAX = 128, DESCRIPTION_MAX = 100 };

static const struct {
    const char *name;
    size_t offset;
} parts[] = {
    {"PolicyIndex", offsetof(struct policy_rule, index)},
    {"Protocol", offsetof(struct policy_rule, protocol)},
    {"Port", offsetof(struct policy_rule, port)},
    {"CidrBlock", offsetof(struct policy_rule, cidr)},
    {"Ipv6CidrBlock", offsetof(struct policy_rule, cidr6)},
    {"SecurityGroupId", offsetof(struct policy_rule, group)},
    {"Action", offsetof(struct policy_rule, action)},
    {"PolicyDescription", offsetof(struct policy_rule, description)},
};

bool policy_rule_read(const struct action_call *call, enum state_direction direction, size_t number,
                      struct policy_rule *rule)
{
    char name[NAME_SIZE];
    bool there = false;
    *rule = (struct policy_rule){0};
    for (size_t i = 0; i < COUNT(parts); i++) {
        const char **part = (const char **)((char *)rule + parts[i].offset);
        (void)snprintf(name, sizeof name, "SecurityGroupPolicySet.%s.%zu.%s",
                       direction == STATE_INGRESS ? "Ingress" : "Egress", number, parts[i].name);
        *part = params_get(call->params, name);
        there = there || *part != NULL;
    }
    return there;
}

/* The members exclude each other. */
static int check_source(struct action_call *call, const struct policy_rule *rule)
{
    int given = (rule->cidr != NULL) + (rule->cidr6 != NULL) + (rule->group != NULL);
    if (given > 1)
        return outcome_refuse(call->outcome, OUTCOME_TOGETHER,
                              "CidrBlock, Ipv6CidrBlock and SecurityGroupId exclude each other");
    if (given == 0)
        return outcome_refuse(call->outcome, OUTCOME_MISSING,
                              "one of CidrBlock, Ipv6CidrBlock and SecurityGroupId must be there");
    return rule->group != NULL && security_group_find(call, rule->group) == NULL ? -1 : 0;
}

/* A single address is good, too. */
static bool is_network4(const char *text)
{
    struct cidr cidr;
    struct in_addr address;
    return cidr_parse(text, &cidr) || inet_pton(AF_INET, text, &address) == 1;
}

static bool is_network6(const char *text)
{
    char host[INET6_ADDRSTRLEN] = "";
    struct in6_addr address;
    long long length;
    size_t end = strcspn(text, "/");
    if (end >= sizeof host || (text[end] == '/' && !number_parse(text + end + 1, 0, PREFIX6_MAX, &length)))
        return false;
    memcpy(host, text, end);
    return inet_pton(AF_INET6, host, &address) == 1;
}

static int check_networks(struct action_call *call, const struct policy_rule *rule)
{
    if ((rule->cidr != NULL && !is_network4(rule->cidr)) ||
        (rule->cidr6 != NULL && !is_network6(rule->cidr6)))
        return outcome_refuse(call->outcome, OUTCOME_MALFORMED, "%.64s is no network",
                              rule->cidr != NULL ? rule->cidr : rule->cidr6);
    return 0;
}

/* "80", or "8000-9000" */
static bool is_port_range(const char *text, size_t length)
{
    char copy[sizeof "65535-65535"] = "";
    long long from;
    long long to;
    if (length == 0 || length >= sizeof copy)
        return false;
    memcpy(copy, text, length);
    char *dash = strchr(copy, '-');
    if (dash != NULL)
        *dash = '\0';
    return number_parse(copy, 0, PORT_MAX, &from) &&
           (dash == NULL || (number_parse(dash + 1, 0, PORT_MAX, &to) && from <= to));
}

static bool is_ports(const char *text)
{
    if (strcasecmp(text, "ALL") == 0)
        return true;
    for (;;) {
        size_t length = strcspn(text, ",");
        if (!is_port_range(text, length))
            return false;
        if (text[length] == '\0')
            return true;
        text += length + 1;
    }
}

static bool is_word(const char *const *words, const char *text)
{
    for (; *words != NULL; words++)
        if (strcasecmp(*words, text) == 0)
            return true;
    return false;
}

/* Ports are TCP's and UDP's. */
static int check_protocol(struct action_call *call, const struct policy_rule *rule)
{
    static const char *const protocols[] = {"TCP", "UDP", "ICMP", "ICMPv6", "ALL", NULL};
    static const char *const with_ports[] = {"TCP", "UDP", NULL};
    if (rule->protocol == NULL)
        return outcome_refuse(call->outcome, OUTCOME_MISSING, "Protocol is missing");
    if (!is_word(protocols, rule->protocol))
        return outcome_refuse(call->outcome, OUTCOME_BAD_VALUE, "Protocol cannot be %.64s", rule->protocol);
    if (rule->port != NULL && (!is_ports(rule->port) ||
                               (!is_word(with_ports, rule->protocol) && strcasecmp(rule->port, "ALL") != 0)))
        return outcome_refuse(call->outcome, OUTCOME_BAD_VALUE, "Port cannot be %.64s with %.64s", rule->port,
                              rule->protocol);
    return 0;
}

static int check_action(struct action_call *call, const struct policy_rule *rule)
{
    static const char *const actions[] = {"ACCEPT", "DROP", NULL};
    if (rule->action == NULL)
        return outcome_refuse(call->outcome, OUTCOME_MISSING, "Action is missing");
    if (!is_word(actions, rule->action))
        return outcome_refuse(call->outcome, OUTCOME_BAD_VALUE, "Action must be ACCEPT or DROP");
    if (rule->description != NULL && strlen(rule->description) > DESCRIPTION_MAX)
        return outcome_refuse(call->outcome, OUTCOME_TOO_LONG, "PolicyDescription has at most %d bytes",
                              DESCRIPTION_MAX);
    return 0;
}

int policy_rule_check(struct action_call *call, const struct policy_rule *rule)
{
    return check_protocol(call, rule) != 0 || check_source(call, rule) != 0 ||
                   check_networks(call, rule) != 0 || check_action(call, rule) != 0
               ? -1
               : 0;
}

const char *policy_rule_port(const struct policy_rule *rule)
{
    return rule->port != NULL ? rule->port : "ALL";
}

static bool is_same(const char *wanted, const char *there)
{
    return strcasecmp(wanted == NULL ? "" : wanted, there) == 0;
}

bool policy_rule_is(const struct policy_rule *rule, const struct state_policy *policy)
{
    return is_same(rule->protocol, policy->protocol) && is_same(policy_rule_port(rule), policy->port) &&
           is_same(rule->cidr, policy->cidr) && is_same(rule->cidr6, policy->cidr6) &&
           is_same(rule->group, policy->group) && is_same(rule->action, policy->action);
}
