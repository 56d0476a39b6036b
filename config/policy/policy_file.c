/* policy.yaml as a whole: the order in which its parts are read. */
#include "config/policy/policy_file.h"

#include "config/policy/clients.h"
#include "config/rules/document_paths.h"
#include "config/policy/findings.h"
#include "config/policy/former.h"
#include "config/policy/gaps.h"
#include "config/policy/policy_tests.h"
#include "config/rules/rule_index.h"
#include "config/policy/rule_layout.h"
#include "config/policy/rule_warnings.h"
#include "config/rules/rules.h"
#include "config/rules/sets.h"
#include "config/reader/keyword.h"

struct policy_file {
    const struct yaml_node *clients;
    const struct yaml_node *operators;
    const struct yaml_node *former_ids;
    const struct yaml_node *sets;
    const struct yaml_node *rules;
    const struct yaml_node *tests;
};

#define GRANTS(field) offsetof(struct policy_file, field)
static const struct keyword grants_keywords[] = {
    {"version", keyword_version, 0, REQUIRED, 0, 0, NULL},
    {"clients", keyword_node, GRANTS(clients), REQUIRED, 0, 0, NULL},
    {"operators", keyword_node, GRANTS(operators), OPTIONAL, 0, 0, NULL},
    {"former_ids", keyword_node, GRANTS(former_ids), OPTIONAL, 0, 0, NULL},
    {"sets", keyword_node, GRANTS(sets), OPTIONAL, 0, 0, NULL},
    {"rules", keyword_node, GRANTS(rules), REQUIRED, 0, 0, NULL},
    {"tests", keyword_node, GRANTS(tests), OPTIONAL, 0, 0, NULL},
};

/* Once everything is good: what decisions read, and what deserves a word. */
static int finish(struct loader *loader, const struct rules *rules)
{
    struct rule_index buckets;
    int result = rule_index_file(&buckets, loader, rules) == 0 && document_paths_place(&buckets) == 0 &&
                         rule_layout_place(&buckets) == 0
                     ? 0
                     : -1;
    if (result == 0)
        rule_warnings_warn(&buckets);
    if (result == 0)
        gaps_warn(loader, rules);
    if (result == 0)
        findings_policy(loader);
    rule_index_done(&buckets);
    return result;
}

int policy_file_read(struct loader *loader, const struct yaml_node *root)
{
    struct policy_file grants = {0};
    struct rules rules = {0};
    unsigned errors = loader->report->error_count;
    int result = keyword_read_map(loader, root, "policy", grants_keywords, COUNT(grants_keywords), &grants);
    if (grants.clients != NULL && clients_read(loader, grants.clients) != 0)
        result = -1;
    if (grants.operators != NULL && clients_read_operators(loader, grants.operators) != 0)
        result = -1;
    if (rules_number(loader) != 0)
        return -1;
    if (former_read(loader, grants.former_ids) != 0)
        result = -1;
    struct sets *sets = sets_read(loader, grants.sets);
    if (sets == NULL)
        return -1;
    if (grants.rules != NULL && rules_read(loader, grants.rules, sets, &rules) != 0)
        result = -1;
    if (grants.tests != NULL && policy_tests_read(loader, grants.tests, &rules) != 0)
        result = -1;
    bool good = result == 0 && loader->report->error_count == errors;
    if (good)
        sets_warn(loader, sets);
    sets_done(sets);
    rules_done(&rules);
    return good ? finish(loader, &rules) : -1;
}
