/* Many rules for one client and action: the verdict is that of a reader of every rule, and few are looked
 * at.  The policies are made here, at random and as an operator with thousands of things has them. */
#include "auth/policy.h"
#include "base/buf.h"
#include "config/catalog/catalog.h"
#include "config/rights/rule_hash.h"
#include "config/policy/policy_file.h"

#include "tests/unit.h"

#include <stdlib.h>
#include <string.h>

enum {
    CEILING = 256 * 1024 * 1024,
    POLICY_MAX = 4 * 1024 * 1024,
    POLICIES = 150,
    QUESTIONS = 40,
    NOW = 1795478400,
};

#define ZEROS "00000000000000000000000000000000000000000000000000000000000000"

static const char *const head = "version: 1\nformer_ids: { qcvm10005: ins-b1 }\nclients:\n"
                                "  web: { tokens: [{ id: w, sha256: " ZEROS
                                "01 }] }\n  webs: { tokens: [{ id: s, sha256: " ZEROS "02 }] }\n"
                                "sets:\n  few: [vpc-a1, \"vpc-b*\", vpc-b2]\n";

static struct config config;
static struct arena *scratch;

static void load(const char *policy)
{
    struct report report;
    char *text = unit_vector("policy", "catalog.yaml");
    config = (struct config){.arena = arena_new(CEILING)};
    scratch = arena_new(CEILING);
    assert_non_null(config.arena);
    assert_non_null(scratch);
    report_init(&report);
    struct loader loader = {
        .arena = config.arena, .scratch = scratch, .report = &report, .config = &config, .now = NOW};
    const struct yaml_node *catalog = yaml_parse(text, strlen(text), "catalog", config.arena, &report);
    assert_non_null(catalog);
    assert_int_equal(catalog_read(&loader, catalog), 0);
    const struct yaml_node *root = yaml_parse(policy, strlen(policy), "policy", scratch, &report);
    bool good = root != NULL && policy_file_read(&loader, root) == 0;
    if (!good)
        fail_msg("%s\n%s", buf_text(&report.errors), policy);
    report_done(&report);
    free(text);
    arena_free(scratch); /* what a decision reads is none of it */
}

static void unload(void)
{
    HASH_CLEAR(hh, config.clients);
    for (size_t i = 0; i < config.route_count; i++)
        config_route_done(&config.routes[i]);
    arena_free(config.arena);
}

/* ---- a policy ---- */

static const char *pick(uint64_t *random, const char *const *of, size_t count)
{
    return of[unit_random(random) % count];
}
#define PICK(of) pick(random, of, COUNT(of))

static const char *const texts[] = {"vpc-a1", "vpc-a2",     "vpc-a11",     "vpc-b1",     "vpc-b2",
                                    "vpc-c1", "\"vpc-a*\"", "\"vpc-a1*\"", "\"vpc-*1\"", "\"vpc-b*2\"",
                                    "\"*\"",  "\"*1\"",     "$few"};
static const char *const instances[] = {"ins-a1",    "ins-a2", "ins-b1",    "\"ins-a*\"",
                                        "\"ins-*\"", "ins-c3", "qcvm10005", "qcvm7"};
static const char *const regions[] = {"ap-guangzhou", "ap-shanghai", "\"ap-*\"", "ap-guangzhou-open"};

static void put_list(uint64_t *random, struct buf *out, const char *name, const char *const *of, size_t count)
{
    buf_put_format(out, " %s: [%s", name, pick(random, of, count));
    for (size_t more = unit_random(random) % 3; more > 0; more--)
        buf_put_format(out, ", %s", pick(random, of, count));
    buf_put(out, "],");
}

static void put_rule(uint64_t *random, struct buf *out, size_t number)
{
    bool deny = unit_random(random) % 3 == 0;
    buf_put_format(out, "  - { id: r%zu, %s: [%s], actions: [DetachClassicLinkVpc], where: {", number,
                   deny ? "deny" : "allow", unit_random(random) % 4 == 0 ? "\"web*\"" : "web");
    if (unit_random(random) % 8 == 0)
        buf_put(out, " vpcId: { absent: true },");
    else if (unit_random(random) % 8 != 0)
        put_list(random, out, "vpcId", texts, COUNT(texts));
    if (unit_random(random) % 2 == 0)
        put_list(random, out, "instanceIds", instances, COUNT(instances));
    if (unit_random(random) % 3 == 0)
        put_list(random, out, "region", regions, COUNT(regions));
    buf_put(out, " }");
    if (deny && unit_random(random) % 4 == 0)
        buf_put(out, ", strict: true");
    if (unit_random(random) % 6 == 0)
        buf_put(out, ", mode: audit");
    if (unit_random(random) % 8 == 0)
        buf_put(out, ", from: [10.0.0.0/8]");
    buf_put(out, " }\n");
}

/* ---- a question ---- */

static struct call *new_call(void)
{
    size_t i = 0;
    while (strcmp(config.routes[i].action, "DetachClassicLinkVpc") != 0)
        i++;
    struct call *call = call_new(&config.routes[i], NULL, config.arena);
    assert_non_null(call);
    return call;
}

static void add(struct call *call, const char *name, const char *const *values, size_t count)
{
    struct err err = {0};
    const char **copies = arena_array(config.arena, count, sizeof *copies);
    const char **said = arena_array(config.arena, count, sizeof *said);
    bool named = false;
    assert_non_null(copies);
    assert_non_null(said);
    for (size_t i = 0; i < count; i++) {
        const char *current = config_current_id(&config, values[i]);
        copies[i] = current == NULL ? values[i] : current;
        said[i] = current == NULL ? NULL : values[i];
        named = named || said[i] != NULL;
    }
    for (size_t i = 0; i < call->route->param_count; i++)
        if (strcmp(call->route->params[i].name, name) == 0)
            assert_int_equal(call_add(call, &call->route->params[i], copies, count, &err), 0);
    if (named)
        call_note_said(call, said);
}

static struct call *make_call(uint64_t *random)
{
    static const char *const vpcs[] = {"vpc-a1",  "vpc-a11", "vpc-a2",  "vpc-b1",
                                       "vpc-b22", "vpc-x",   "gz_vpc_9"};
    static const char *const links[] = {"ins-a1", "ins-a2",    "ins-b1", "ins-c3",
                                        "ins-x",  "qcvm10005", "qcvm7"};
    static const char *const from[] = {"ap-guangzhou", "ap-shanghai", "na-toronto"};
    const char *values[3] = {PICK(links), PICK(links), PICK(links)};
    const char *vpc = PICK(vpcs);
    struct err err = {0};
    struct call *call = new_call();
    if (unit_random(random) % 8 != 0)
        add(call, "vpcId", &vpc, 1);
    if (unit_random(random) % 4 != 0)
        add(call, "instanceIds", values, unit_random(random) % 4);
    assert_int_equal(call_set_region(call, PICK(from), &err), 0);
    call_seal(call);
    return call;
}

/* The first of each kind, by every rule of the file. */
static struct policy_verdict decide_naively(const struct policy_question *question)
{
    const struct config_rule *first[2][2] = {{NULL}};
    for (size_t i = config.rule_count; i-- > 0;)
        if (policy_try(config.rules[i], question, NULL) == POLICY_MATCHES)
            first[config.rules[i]->audit][config.rules[i]->effect] = config.rules[i];
    const struct config_rule *deny = first[0][CONFIG_DENY];
    const struct config_rule *allow = first[0][CONFIG_ALLOW];
    struct policy_verdict verdict = {.allowed = deny == NULL && allow != NULL,
                                     .because = deny != NULL ? deny : allow};
    if (verdict.allowed)
        verdict.audit = first[1][CONFIG_DENY];
    else if (deny == NULL && first[1][CONFIG_DENY] == NULL)
        verdict.audit = first[1][CONFIG_ALLOW];
    return verdict;
}

static const struct config_client *client_of(const char *name)
{
    const struct config_client *client = config_client(&config, name);
    assert_non_null(client);
    return client;
}

static int ask(const char *policy, const struct policy_question *question)
{
    struct policy_verdict expected = decide_naively(question);
    struct policy_verdict verdict = policy_decide(question);
    if (verdict.allowed == expected.allowed && verdict.because == expected.because &&
        verdict.audit == expected.audit)
        return 0;
    print_error("expected %s, not %s, of\n%s", expected.because == NULL ? "-" : expected.because->id,
                verdict.because == NULL ? "-" : verdict.because->id, policy);
    return 1;
}

static void the_verdict_is_that_of_a_reader_of_every_rule(void **state)
{
    uint64_t seed = 17;
    uint64_t *random = &seed;
    struct network sources[2] = {0};
    int wrong = 0;
    size_t matched = 0;
    (void)state;
    assert_true(network_parse_address("10.1.2.3", &sources[0]) &&
                network_parse_address("127.0.0.1", &sources[1]));
    for (size_t i = 0; i < POLICIES && wrong == 0; i++) {
        struct buf text;
        buf_init(&text, POLICY_MAX);
        buf_put_format(&text, "%srules:\n", head);
        for (size_t rules = 6 + unit_random(random) % 40, j = 0; j < rules; j++)
            put_rule(random, &text, j);
        load(buf_text(&text));
        for (size_t j = 0; j < QUESTIONS && wrong == 0; j++) {
            struct policy_question question = {
                .client = client_of(j % 5 == 0 ? "webs" : "web"), .call = make_call(random), .now = NOW};
            question.source = sources[j % 2];
            wrong += ask(buf_text(&text), &question);
            matched += policy_decide(&question).because != NULL;
        }
        unload();
        buf_done(&text);
    }
    assert_int_equal(wrong, 0);
    assert_in_range(matched, POLICIES * QUESTIONS / 4, POLICIES * QUESTIONS); /* it was about something */
}

/* ---- how many are looked at ---- */

static struct policy_verdict decide_one(const char *vpc, const char *instance)
{
    struct err err = {0};
    struct call *call = new_call();
    add(call, "vpcId", &vpc, 1);
    add(call, "instanceIds", &instance, 1);
    assert_int_equal(call_set_region(call, "ap-guangzhou", &err), 0);
    call_seal(call);
    const struct policy_question question = {.client = client_of("web"), .call = call, .now = NOW};
    return policy_decide(&question);
}

/* `line` has a %zu, twice. */
static void load_many(size_t rules, const char *where)
{
    struct buf text;
    buf_init(&text, POLICY_MAX);
    buf_put_format(&text, "%srules:\n", head);
    for (size_t i = 0; i < rules; i++) {
        buf_put_format(&text, "  - { id: r%zu, %s: [web], actions: [DetachClassicLinkVpc], where: {", i,
                       i % 5 == 4 ? "deny" : "allow");
        for (const char *at = where; *at != '\0'; at++)
            if (*at == '#')
                buf_put_format(&text, "%zu", i);
            else
                buf_put_bytes(&text, at, 1);
        buf_put(&text, " } }\n");
    }
    load(buf_text(&text));
    buf_done(&text);
}

static void ten_thousand_rules_cost_as_ten(void **state)
{
    static const struct {
        const char *where;
        uint32_t most; /* rules that may be looked at */
    } rows[] = {
        {"vpcId: [vpc-#]", 1},
        {"region: [ap-guangzhou], vpcId: [vpc-#]", 1},
        {"vpcId: [vpc-#, \"vpc-#x*\"], region: [\"ap-*\"]", 1},
        {"vpcId: [\"vpc-*\"], instanceIds: [ins-#]", 1},
        {"vpcId: [vpc-#], instanceIds: [ins-1, ins-2]", 1},
        {"vpcId: [\"vpc-#*\"]", 4}, /* vpc-7, vpc-77, vpc-777, vpc-7777 */
    };
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        load_many(10000, rows[i].where);
        struct policy_verdict verdict = decide_one("vpc-7777", "ins-7777");
        struct policy_verdict none = decide_one("vpc-none", "ins-none");
        wrong += unit_wrong(rows[i].where, verdict.tried >= 1 && verdict.tried <= rows[i].most);
        wrong += unit_wrong(rows[i].where, none.tried <= rows[i].most && none.because == NULL);
        unload();
    }
    assert_int_equal(wrong, 0);
}

static void memory_is_bounded(void **state)
{
    (void)state;
    load_many(10000, "vpcId: [vpc-#, vpc-a#, vpc-b#, vpc-c#]");
    const struct config_client *client = client_of("web");
    const struct call *call = new_call();
    const struct config_bucket_rules rules =
        config_bucket_find(client->buckets[0], call->route->action_index);
    assert_non_null(rules.hash);
    assert_int_equal(rules.hash->rule_count, 40000);
    size_t bytes = rules.hash->key_count * sizeof *rules.hash->keys +
                   ((size_t)rules.hash->mask + 1) * sizeof *rules.hash->places +
                   rules.hash->rule_count * sizeof *rules.hash->rules;
    assert_in_range(bytes, 1, 40000 * RULE_HASH_BYTES);
    unload();
}

/* What would be too much memory is read rule by rule, as if there were no hash. */
static void more_than_may_be_is_left_out(void **state)
{
    bool failed = true;
    bool full = false;
    (void)state;
    load_many(100, "vpcId: [vpc-#]");
    const struct config_bucket_rules rules =
        config_bucket_find(client_of("web")->buckets[0], new_call()->route->action_index);
    assert_int_equal(rules.count, 100);
    assert_null(rule_hash_new(rules.items, rules.count, 99, config.arena, config.arena, &failed, &full));
    assert_true(full && !failed);
    assert_non_null(rule_hash_new(rules.items, rules.count, 100, config.arena, config.arena, &failed, &full));
    assert_false(full || failed);
    unload();
}

/* A misspelt id is still told by its parameter, also where thousands of rules have it. */
static void what_missed_is_told(void **state)
{
    const struct config_condition *condition = NULL;
    struct err err = {0};
    const char *vpc = "vpc-none";
    (void)state;
    load_many(1000, "region: [ap-guangzhou], vpcId: [vpc-#]");
    struct call *call = new_call();
    add(call, "vpcId", &vpc, 1);
    assert_int_equal(call_set_region(call, "ap-guangzhou", &err), 0);
    call_seal(call);
    const struct policy_question question = {.client = client_of("web"), .call = call, .now = NOW};
    assert_int_equal(policy_nearest(&question, &condition), POLICY_OTHER_VALUE);
    assert_non_null(condition);
    assert_string_equal(config.param_names[condition->param], "vpcId");
    unload();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_verdict_is_that_of_a_reader_of_every_rule),
        cmocka_unit_test(ten_thousand_rules_cost_as_ten),
        cmocka_unit_test(memory_is_bounded),
        cmocka_unit_test(more_than_may_be_is_left_out),
        cmocka_unit_test(what_missed_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
