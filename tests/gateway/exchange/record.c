/* What stays of a request: the access line, and the records of a change.  Written out by hand from
 * docs/answers.md, "The log", and docs/audit.md; the file and the log are this file's. */
#include "gateway/exchange/record.h"

#include "base/time/clock.h"
#include "gateway/audit/audit.h"
#include "gateway/exchange/anonymous.h"
#include "gateway/exchange/request_metrics.h"
#include "gateway/exchange/shared.h"
#include "tests/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BEGAN_US = 7000000, ENDED_US = BEGAN_US + 12345 };
enum { LINE_SIZE = 4096 };

/* 2026-11-28 10:00:00.123 UTC */
static const int64_t began_ms = INT64_C(1795860000123);

/* ---- the log, the audit file, the counters and the clock ---- */

static char line[LINE_SIZE];   /* the access line; "": none */
static char intent[LINE_SIZE]; /* "kind at time: members"; "": none */
static char outcome[LINE_SIZE];
static int counted;
static bool disk_is_full, file_was_altered, is_one_of_many;

int64_t clock_monotonic_us(void)
{
    return ENDED_US;
}

int64_t clock_wall_ms(void)
{
    return began_ms;
}

void clock_sleep_us(int64_t micros)
{
    fail_msg("slept for %lld us", (long long)micros);
}

void log_line(struct log *log, const char *bytes, size_t length)
{
    (void)log;
    (void)snprintf(line, sizeof line, "%.*s", (int)length, bytes);
}

void request_metrics_count(struct series_table *table, const struct exchange *x, int64_t duration_us)
{
    (void)table;
    (void)x;
    assert_int_equal(duration_us, ENDED_US - BEGAN_US);
    counted++;
}

bool anonymous_has_line(struct anonymous *anonymous, const struct network *address, int status,
                        int64_t now_ms)
{
    (void)anonymous;
    (void)address;
    (void)status;
    assert_int_equal(now_ms, began_ms);
    return !is_one_of_many;
}

struct audit_state audit_state(const struct audit *audit)
{
    (void)audit;
    return (struct audit_state){.refusing = file_was_altered};
}

int audit_append(struct audit *audit, const char *kind, int64_t time, const struct buf *members,
                 unsigned long long *seq, struct err *err)
{
    char *to = strcmp(kind, "intent") == 0 ? intent : outcome;
    (void)audit;
    if (disk_is_full)
        return err_set(err, ERR_SYSTEM, "/var/log/audit: no space left");
    (void)snprintf(to, LINE_SIZE, "%s at %s: %s", kind,
                   time == began_ms    ? "its begin"
                   : time == AUDIT_NOW ? "now"
                                       : "another time",
                   buf_text(members));
    *seq = 41;
    return 0;
}

/* ---- an exchange ---- */

static const struct config_client client = {.name = "console"};
static const struct config_token token = {.client = &client, .id = "2026-11"};
static const struct config config = {.short_hash = "0123456789ab"};
static struct config_route change = {.service = "vpc",
                                     .template = "/vpcs/{vpcId}/classiclinks",
                                     .action = "DetachClassicLinkVpc",
                                     .effect = CONFIG_CHANGE,
                                     .success = 202};
static struct config_route look = {
    .service = "vpc", .template = "/vpcs", .action = "DescribeVpcEx", .effect = CONFIG_READ, .success = 200};
static const struct config_param plain = {.name = "a"};
static const struct config_param secret = {.name = "b", .secret = true};
static const struct config_rule rule = {.id = "staging-links"};
static const struct config_rule dry_run = {.id = "new-rule"};

struct whole {
    struct shared gateway;
    struct request_head head;
    struct call call;
    struct call_param params[3];
    const char *vpc[1], *instances[2], *said[2], *password[1];
    struct buf reply;
    struct exchange x;
};

/* Whose first member the gateway is. */
static struct whole *whole_of(struct exchange *x)
{
    return (struct whole *)(void *)x->gateway;
}

static struct exchange *begin(struct whole *whole)
{
    *whole =
        (struct whole){.vpc = {"vpc-2ari9m7h"}, .instances = {"ins-a", "ins-\"b\""}, .password = {"p4ss"}};
    whole->params[0] =
        (struct call_param){.param = &plain, .name = "vpcId", .values = whole->vpc, .count = 1};
    whole->params[1] = (struct call_param){
        .param = &plain, .name = "instanceIds", .list = true, .values = whole->instances, .count = 2};
    whole->call = (struct call){.route = &change,
                                .region = "ap-guangzhou",
                                .params = whole->params,
                                .param_count = 2,
                                .sealed = true};
    whole->head = (struct request_head){
        .method = "DELETE", .target = "/vpcs/vpc-2ari9m7h/classiclinks", .query = "token=lost"};
    whole->x = (struct exchange){.gateway = &whole->gateway,
                                 .config = &config,
                                 .head = &whole->head,
                                 .source = "192.0.2.1",
                                 .began_us = BEGAN_US,
                                 .began_ms = began_ms,
                                 .id = "r-1",
                                 .route = &change,
                                 .client = &client,
                                 .token = &token,
                                 .call = &whole->call,
                                 .judged = true,
                                 .verdict = {.allowed = true, .because = &rule},
                                 .status = 202,
                                 .attempts = 1,
                                 .upstream_us = 4500,
                                 .outcome = OUTCOME_EXECUTED,
                                 .station = "reply",
                                 .reply = &whole->reply};
    whole->x.answer.length = 10;
    whole->gateway.audit = (struct audit *)whole; /* there is one; only the functions above are given it */
    buf_init(&whole->reply, LINE_SIZE);
    line[0] = intent[0] = outcome[0] = '\0';
    counted = 0;
    disk_is_full = file_was_altered = is_one_of_many = false;
    return &whole->x;
}

#define HEAD  "{\"time\":\"2026-11-28T10:00:00.123Z\",\"requestId\":\"r-1\""
#define WHO   ",\"config\":\"0123456789ab\",\"client\":\"console\",\"token\":\"2026-11\""
#define FROM  ",\"source\":\"192.0.2.1\",\"method\":\"DELETE\""
#define ROUTE ",\"route\":\"/vpcs/{vpcId}/classiclinks\",\"action\":\"DetachClassicLinkVpc\""
#define PARAMS                                                                                               \
    ",\"region\":\"ap-guangzhou\",\"params\":{\"vpcId\":\"vpc-2ari9m7h\",\"instanceIds\":[\"ins-a\","        \
    "\"ins-\\\"b\\\"\"]}"
#define ALLOW ",\"verdict\":\"allow\",\"rule\":\"staging-links\""
#define CALL  WHO FROM ROUTE PARAMS ALLOW
#define TOOK  ",\"durationMs\":12.345}\n"

/* ---- what differs ---- */

static void make_nothing(struct exchange *x)
{
    (void)x;
}

static void make_read(struct exchange *x)
{
    x->route = &look;
    x->call = NULL;
    x->judged = false;
    x->status = 200;
    x->attempts = 2;
    x->extra_calls = 3;
    (void)snprintf(x->trace.id, sizeof x->trace.id, "4bf92f3577b34da6a3ce929d0e0e4736");
}

static void make_denied(struct exchange *x)
{
    x->verdict = (struct policy_verdict){.audit = &dry_run};
    x->status = 403;
    x->attempts = 0;
    x->answer.length = 0;
    x->outcome = OUTCOME_NOT_EXECUTED;
    x->station = "authorize";
    x->subject = "jane\n";
    x->problem = PROBLEM_NOT_ALLOWED;
    (void)err_set(&x->err, ERR_NONE, "no rule allows it");
}

static void make_expired(struct exchange *x)
{
    x->client = NULL;
    x->route = NULL;
    x->call = NULL;
    x->judged = false;
    x->status = 401;
    x->attempts = 0;
    x->answer.length = 0;
    x->station = "authenticate";
    x->problem = PROBLEM_UNAUTHENTICATED;
}

static void make_lost(struct exchange *x)
{
    x->status = 504;
    x->outcome = OUTCOME_UNKNOWN;
    x->station = "forward";
    x->problem = PROBLEM_UPSTREAM_TIMEOUT;
    x->outcome_unrecorded = true;
    x->answer = (struct answer){.length = 5, .named = true, .code = 1, .code_desc = "InternalError"};
}

/* What is as long as a secret, and what stands in a query, is not written down. */
static void make_malformed(struct exchange *x)
{
    static char target[] = "/vpcs/AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA/x?secret=1";
    x->config = NULL;
    x->client = NULL;
    x->token = NULL;
    x->route = NULL;
    x->call = NULL;
    x->judged = false;
    x->status = 400;
    x->attempts = 0;
    x->answer.length = 0;
    x->station = "accept";
    x->problem = PROBLEM_MALFORMED_REQUEST;
    whole_of(x)->head.target = target;
    (void)err_set(&x->err, ERR_NONE, "it says \"no\"");
}

static void make_secret(struct exchange *x)
{
    struct call_param *param = &x->call->params[2];
    struct whole *whole = whole_of(x);
    *param = (struct call_param){
        .param = &secret, .name = "password", .secret = true, .values = whole->password, .count = 1};
    x->call->param_count = 3;
    x->owner = POLICY_OWNER_CALLER;
    whole->said[1] = "i-old";
    x->call->params[1].said = whole->said;
}

/* clang-format off */
static const struct row {
    const char *name;
    void (*make)(struct exchange *x);
    const char *line;
} rows[] = {
    {"a change", make_nothing,
     HEAD CALL ",\"status\":202,\"outcome\":\"executed\",\"upstreamCode\":\"0\",\"attempts\":1"
     ",\"upstreamMs\":4.500" TOOK},
    {"a read, by pages, in a trace", make_read,
     HEAD ",\"traceId\":\"4bf92f3577b34da6a3ce929d0e0e4736\"" WHO FROM
     ",\"route\":\"/vpcs\",\"action\":\"DescribeVpcEx\",\"status\":200,\"upstreamCode\":\"0\",\"attempts\":2"
     ",\"upstreamMs\":4.500,\"furtherCalls\":3" TOOK},
    {"denied", make_denied,
     HEAD WHO ",\"subject\":\"jane\\n\"" FROM ROUTE PARAMS
     ",\"verdict\":\"deny\",\"auditRule\":\"new-rule\""
     ",\"path\":\"/vpcs/vpc-2ari9m7h/classiclinks\""
     ",\"status\":403,\"type\":\"not-allowed\",\"station\":\"authorize\",\"detail\":\"no rule allows it\""
     ",\"outcome\":\"not-executed\"" TOOK},
    {"an expired token", make_expired,
     HEAD WHO FROM ",\"path\":\"/vpcs/vpc-2ari9m7h/classiclinks\",\"status\":401,\"type\":\"unauthenticated\""
     ",\"station\":\"authenticate\",\"detail\":\"\"" TOOK},
    {"malformed", make_malformed,
     HEAD FROM ",\"path\":\"/vpcs/AKID.../x\""
     ",\"status\":400,\"type\":\"malformed-request\""
     ",\"station\":\"accept\",\"detail\":\"it says \\\"no\\\"\"" TOOK},
    {"lost, and the outcome unrecorded", make_lost,
     HEAD CALL ",\"path\":\"/vpcs/vpc-2ari9m7h/classiclinks\",\"status\":504"
     ",\"type\":\"upstream-timeout\",\"station\":\"forward\",\"detail\":\"\",\"outcome\":\"unknown\""
     ",\"upstreamCode\":\"InternalError\",\"attempts\":1,\"upstreamMs\":4.500"
     ",\"audit\":\"lacks the outcome\"" TOOK},
    {"a secret, a former id, a task of its own", make_secret,
     HEAD WHO FROM ROUTE ",\"region\":\"ap-guangzhou\",\"params\":{\"vpcId\":\"vpc-2ari9m7h\""
     ",\"instanceIds\":[\"ins-a\",\"ins-\\\"b\\\"\"],\"password\":\"withheld\"},\"formerIds\":[\"i-old\"]"
     ",\"own\":true" ALLOW
     ",\"status\":202,\"outcome\":\"executed\",\"upstreamCode\":\"0\",\"attempts\":1"
     ",\"upstreamMs\":4.500" TOOK},
};
/* clang-format on */

static void access_lines(void **state)
{
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct whole whole;
        struct exchange *x = begin(&whole);
        rows[i].make(x);
        record_write(x);
        wrong += unit_differs(rows[i].name, rows[i].line, line);
        wrong += unit_wrong(rows[i].name, counted == 1);
        buf_done(&whole.reply);
    }
    assert_int_equal(wrong, 0);
}

/* Of many without a client: counted, and no line; with a client there is always one. */
static void one_of_many(void **state)
{
    struct whole whole;
    (void)state;
    struct exchange *x = begin(&whole);
    is_one_of_many = true;
    record_write(x);
    assert_string_not_equal(line, "");
    buf_done(&whole.reply);
    x = begin(&whole);
    is_one_of_many = true;
    x->client = NULL;
    x->token = NULL;
    record_write(x);
    assert_string_equal(line, "");
    assert_int_equal(counted, 1);
    buf_done(&whole.reply);
}

/* A line that does not fit is lost, and counted as such; never half a line. */
static void a_line_that_does_not_fit(void **state)
{
    struct whole whole;
    (void)state;
    struct exchange *x = begin(&whole);
    buf_done(&whole.reply);
    buf_init(&whole.reply, 100);
    record_write(x);
    assert_string_equal(line, "");
    assert_int_equal(atomic_load(&whole.gateway.access.dropped), 1);
    buf_done(&whole.reply);
}

/* ---- the audit file ---- */

static void a_change_is_recorded(void **state)
{
    struct whole whole;
    (void)state;
    struct exchange *x = begin(&whole);
    assert_int_equal(record_intend(x), PROBLEM_NONE);
    assert_int_equal(x->intent, 41);
    assert_string_equal(intent, "intent at its begin: \"requestId\":\"r-1\"" CALL);
    record_settle(x, PROBLEM_NONE);
    assert_string_equal(outcome,
                        "outcome at now: \"of\":41,\"requestId\":\"r-1\",\"outcome\":\"executed\""
                        ",\"status\":202,\"upstreamCode\":\"0\",\"attempts\":1,\"upstreamMs\":4.500");
    assert_false(x->outcome_unrecorded);
    x->outcome = OUTCOME_UNKNOWN;
    x->answer.length = 0;
    record_settle(x, PROBLEM_UPSTREAM_TIMEOUT);
    assert_string_equal(outcome, "outcome at now: \"of\":41,\"requestId\":\"r-1\",\"outcome\":\"unknown\""
                                 ",\"status\":504,\"type\":\"upstream-timeout\",\"attempts\":1"
                                 ",\"upstreamMs\":4.500");
    buf_done(&whole.reply);
}

/* Nothing of reads, of a gateway without an audit file, and of a change that was not announced. */
static void what_is_not_recorded(void **state)
{
    struct whole whole;
    (void)state;
    struct exchange *x = begin(&whole);
    x->route = &look;
    assert_int_equal(record_intend(x), PROBLEM_NONE);
    x->route = &change;
    whole.gateway.audit = NULL;
    assert_int_equal(record_intend(x), PROBLEM_NONE);
    record_settle(x, PROBLEM_NONE);
    assert_string_equal(intent, "");
    assert_string_equal(outcome, "");
    assert_int_equal(x->intent, 0);
    buf_done(&whole.reply);
}

/* No change without its record; the caller does not learn where the file is. */
static void a_file_that_cannot_be_written(void **state)
{
    struct whole whole;
    (void)state;
    struct exchange *x = begin(&whole);
    disk_is_full = true;
    assert_int_equal(record_intend(x), PROBLEM_UNRECORDED);
    assert_int_equal(x->intent, 0);
    assert_null(strstr(x->err.text, "/var/log"));
    x->intent = 41; /* the disk became full between the two */
    record_settle(x, PROBLEM_NONE);
    assert_true(x->outcome_unrecorded);
    buf_done(&whole.reply);
    x = begin(&whole);
    file_was_altered = true;
    assert_int_equal(record_intend(x), PROBLEM_UNRECORDED);
    assert_non_null(strstr(x->err.text, "altered"));
    assert_string_equal(intent, "");
    buf_done(&whole.reply);
}

int main(void)
{
    /* clang-format off */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(access_lines),
        cmocka_unit_test(one_of_many),
        cmocka_unit_test(a_line_that_does_not_fit),
        cmocka_unit_test(a_change_is_recorded),
        cmocka_unit_test(what_is_not_recorded),
        cmocka_unit_test(a_file_that_cannot_be_written),
    };
    /* clang-format on */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
