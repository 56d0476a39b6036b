#include "tests/unit.h"

#include "sandbox/actions/action_table.h"
#include "sandbox/command/seed.h"

#include <stdio.h>
#include <string.h>

enum { MANY = STATE_LINKS_MAX + 2 };

/* A VPC, and more instances than it takes: ins-0, ins-1 ... */
static struct state *make_state(int task_duration)
{
    struct buf yaml;
    struct report report;
    buf_init(&yaml, 64 * 1024);
    report_init(&report);
    buf_put(&yaml,
            "version: 1\naccounts: []\nregions: [ { name: a }, { name: b } ]\n"
            "vpcs: [ { vpcId: v1, unVpcId: vpc-1, vpcName: n, region: a, cidrBlock: c } ]\ninstances:\n");
    for (int i = 0; i < MANY; i++)
        buf_put_format(
            &yaml, "  - { unInstanceId: ins-%d, instanceId: q%d, instanceName: n, lanIp: l%d, region: a }\n",
            i, i, i);
    buf_put_format(&yaml, "tasks: { duration: %d }\n", task_duration);
    struct state *state = seed_parse(yaml.bytes, yaml.length, "state.yaml", 0, &report);
    assert_string_equal(buf_text(&report.errors), "");
    report_done(&report);
    buf_done(&yaml);
    return state;
}

static struct outcome run(struct state *state, const char *name, const char *wire, int64_t now_ms,
                          struct buf *body)
{
    struct params params;
    struct outcome outcome = {0};
    assert_int_equal(params_parse(&params, wire, strlen(wire), NULL), 0);
    buf_init(body, 64 * 1024);
    struct action_call call = {.generation = 2,
                               .state = state,
                               .params = &params,
                               .region = state_region(state, "a"),
                               .now_ms = now_ms,
                               .body = body,
                               .outcome = &outcome};
    int result = action_table_find(name)->run2(&call);
    assert_int_equal(result, outcome.code == OUTCOME_GOOD ? 0 : -1);
    params_done(&params);
    return outcome;
}

static struct outcome run_quietly(struct state *state, const char *name, const char *wire)
{
    struct buf body;
    struct outcome outcome = run(state, name, wire, 0, &body);
    buf_done(&body);
    return outcome;
}

static void put_ids(struct buf *out, int from, int to)
{
    buf_init(out, 64 * 1024);
    buf_put(out, "vpcId=vpc-1");
    for (int i = from; i < to; i++)
        buf_put_format(out, "&instanceIds.%d=ins-%d", i - from, i);
}

static void limit(void **unused)
{
    (void)unused;
    struct state *state = make_state(0);
    struct buf wire;
    put_ids(&wire, 0, STATE_LINKS_MAX + 1);
    assert_string_equal(run_quietly(state, "AttachClassicLinkVpc", wire.bytes).code_desc,
                        "InstanceLimitExceeded");
    assert_int_equal(state->vpcs[0].link_count, 0);
    buf_done(&wire);
    put_ids(&wire, 0, STATE_LINKS_MAX);
    assert_true(run_quietly(state, "AttachClassicLinkVpc", wire.bytes).changed);
    assert_int_equal(state->vpcs[0].link_count, STATE_LINKS_MAX);
    buf_done(&wire);
    struct outcome more = run_quietly(state, "AttachClassicLinkVpc", "vpcId=vpc-1&instanceIds.0=ins-100");
    assert_int_equal(more.code, 5100);
    assert_string_equal(more.code_desc, "InstanceLimitExceeded");
    more = run_quietly(state, "AttachClassicLinkVpc", "vpcId=vpc-1&instanceIds.0=ins-1");
    assert_string_equal(more.code_desc, "InstanceAlreadyLinked");
    state_free(state);
}

static void all_or_nothing(void **unused)
{
    (void)unused;
    struct state *state = make_state(0);
    const char *good = "vpcId=v1&instanceIds.0=ins-1&instanceIds.1=q2&instanceIds.2=ins-2";
    assert_int_equal(run_quietly(state, "AttachClassicLinkVpc", good).code, 0);
    assert_int_equal(state->vpcs[0].link_count, 2); /* q2 and ins-2 are one */
    struct outcome bad =
        run_quietly(state, "DetachClassicLinkVpc", "vpcId=v1&instanceIds.0=ins-1&instanceIds.1=no");
    assert_string_equal(bad.code_desc, "InvalidInstance.NotFound");
    assert_int_equal(state->vpcs[0].link_count, 2);
    assert_true(run_quietly(state, "DetachClassicLinkVpc", good).changed);
    struct outcome again = run_quietly(state, "DetachClassicLinkVpc", good);
    assert_false(again.changed); /* a task that changes nothing */
    assert_int_equal(again.task_id, STATE_FIRST_TASK + 2);
    state_free(state);
}

static void assert_task(struct state *state, int64_t now_ms, const char *expected)
{
    struct buf body;
    (void)run(state, "DescribeVpcTaskResult", "taskId=135254", now_ms, &body);
    assert_string_equal(buf_text(&body), expected);
    buf_done(&body);
}

static void tasks(void **unused)
{
    (void)unused;
    struct state *state = make_state(1500);
    struct buf body;
    assert_int_equal(run(state, "DescribeVpcTaskResult", "taskId=135254", 0, &body).code, 5000);
    buf_done(&body);
    (void)run(state, "DetachClassicLinkVpc", "vpcId=v1&instanceIds.0=ins-1", 1000, &body);
    assert_string_equal(buf_text(&body), "{\"code\":0,\"message\":\"\",\"taskId\":135254}");
    buf_done(&body);
    assert_task(state, 2499,
                "{\"code\":0,\"message\":\"\",\"codeDesc\":\"Success\",\"data\":{\"status\":2}}");
    assert_task(state, 2500,
                "{\"code\":0,\"message\":\"\",\"codeDesc\":\"Success\",\"data\":{\"status\":0}}");
    for (int i = 0; i < STATE_TASKS_KEPT; i++)
        (void)state_begin_task(state, 1000000);
    assert_task(state, 1000000,
                "{\"code\":0,\"message\":\"\",\"codeDesc\":\"Success\",\"data\":{\"status\":0}}");
    state_free(state);
}

static void pages(void **unused)
{
    (void)unused;
    static const struct {
        const char *wire;
        const char *ids; /* the ids that are listed, in order: newest first is documented */
    } rows[] = {
        {"limit=2", "ins-1 ins-2"},
        {"offset=1&limit=1", "ins-2"},
        {"offset=3", ""},
        {"orderField=createTime", "ins-2 ins-1"},
        {"orderField=createTime&orderDirection=asc", "ins-1 ins-2"},
        {"orderField=createTime&orderDirection=desc&offset=1", "ins-1"},
        {"lanIp=l2", "ins-2"},
        {"lanIp=l3", ""},
        {"classicLinkId=vcx-00000001", "ins-1"},
        {"vpcId=vpc-1", "ins-1 ins-2"},
    };
    int wrong = 0;
    struct state *state = make_state(0);
    assert_int_equal(run_quietly(state, "AttachClassicLinkVpc", "vpcId=v1&instanceIds.0=ins-1").code, 0);
    assert_int_equal(run_quietly(state, "AttachClassicLinkVpc", "vpcId=v1&instanceIds.0=ins-2").code, 0);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf body;
        struct buf ids;
        buf_init(&ids, 1024);
        (void)run(state, "DescribeVpcClassicLink", rows[i].wire, 0, &body);
        for (const char *at = strstr(body.bytes, "\"instanceId\":\""); at != NULL;
             at = strstr(at, "\"instanceId\":\"")) {
            at += sizeof "\"instanceId\":\"" - 1;
            buf_put_format(&ids, "%s%.*s", ids.length == 0 ? "" : " ", (int)strcspn(at, "\""), at);
        }
        wrong += unit_differs(rows[i].wire, rows[i].ids, buf_text(&ids));
        buf_done(&ids);
        buf_done(&body);
    }
    assert_int_equal(wrong, 0);
    state_free(state);
}

static void wrong_pages(void **unused)
{
    (void)unused;
    static const char *const wires[] = {
        "limit=0", "limit=51", "limit=x", "offset=-1", "offset=x", "orderField=id", "orderDirection=down"};
    struct state *state = make_state(0);
    for (size_t i = 0; i < COUNT(wires); i++)
        assert_int_equal(run_quietly(state, "DescribeVpcClassicLink", wires[i]).code, 4000);
    assert_string_equal(run_quietly(state, "DescribeVpcClassicLink", "lanIp=nowhere").code_desc,
                        "InvalidLanIp.NotFound");
    state_free(state);
}

static void table(void **unused)
{
    (void)unused;
    size_t count = 0;
    const struct action *actions = action_table(&count);
    for (size_t i = 0; i < count; i++) {
        assert_ptr_equal(action_table_find(actions[i].name), &actions[i]);
        assert_int_equal(action_table_index(&actions[i]), i);
    }
    assert_null(action_table_find("detachclassiclinkvpc"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(limit),       cmocka_unit_test(all_or_nothing),
                                       cmocka_unit_test(tasks),       cmocka_unit_test(pages),
                                       cmocka_unit_test(wrong_pages), cmocka_unit_test(table)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
