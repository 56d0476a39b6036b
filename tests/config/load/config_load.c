/* Whole configurations from tests/vectors/config: each folder is a case.
 *
 *   countersign.yaml, policy.yaml   those of the folder `good` where a case has none
 *   more.yaml, more2.yaml           catalogs that countersign.yaml may name
 *   setup                           what a source tree cannot hold, one command a line: see `commands`
 *   error, warning                  all lines that are reported, exactly; no such file: none
 *
 * Before the set-up every case gets private files secret_id and secret_key. */
#include "config/model/config.h"

#include "config/load/config_load.h"
#include "tests/config/load/cases.h"
#include "tests/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Lines as a report has them, to be compared with a vector, which has no last line feed. */
static int compare(const char *folder, const char *name, const struct buf *lines)
{
    char row[CASES_PATH];
    char *expected = unit_vector(folder, name);
    char *got = strndup(buf_text(lines), lines->length == 0 ? 0 : lines->length - 1);
    assert_non_null(got);
    (void)snprintf(row, sizeof row, "%s/%s", folder, name);
    int wrong = unit_differs(row, expected == NULL ? "" : expected, got);
    free(expected);
    free(got);
    return wrong;
}

static int run_case(const char *name)
{
    char folder[CASES_PATH];
    struct report report;
    (void)snprintf(folder, sizeof folder, "config/%s", name);
    cases_lay_out(folder);
    report_init(&report);
    struct config *config = config_load("countersign.yaml", NULL, CASES_TODAY, &report);
    int wrong = compare(folder, "error", &report.errors) + compare(folder, "warning", &report.warnings);
    wrong += unit_wrong(folder, (config == NULL) == (report.error_count > 0));
    config_release(config);
    report_done(&report);
    return wrong;
}

static void every_case(void **state)
{
    (void)state;
    assert_int_equal(unit_each_folder("config", run_case), 0);
}

/* ---- what a good one becomes ---- */

static struct config *load(const char *folder)
{
    struct report report;
    cases_lay_out(folder);
    report_init(&report);
    struct config *config = config_load("countersign.yaml", NULL, CASES_TODAY, &report);
    if (config == NULL)
        fail_msg("%s", buf_text(&report.errors));
    report_done(&report);
    return config;
}

static void defaults(void **state)
{
    struct config *config = load("config/good");
    const struct config_upstream *vpc = config_upstream(config, "vpc");
    (void)state;
    assert_string_equal(config->listen.items[0].address, "127.0.0.1:8080");
    assert_string_equal(config->admin.items[0].address, "127.0.0.1:9090");
    assert_string_equal(config->policy_file, "policy.yaml");
    assert_int_equal(config->workers, 256);
    assert_int_equal(config->connections, 10000);
    assert_int_equal(config->per_address, 0);
    assert_int_equal(config->grace, 1000);
    assert_int_equal(config->drain, 15000);
    assert_int_equal(config->upstream_count, 1);
    assert_non_null(vpc);
    assert_true(vpc->url.tls);
    assert_string_equal(vpc->host, "vpc.api.qcloud.com");
    assert_string_equal(vpc->url.path, "/v2/index.php");
    assert_string_equal(vpc->region, "ap-guangzhou");
    assert_null(vpc->ca_file);
    assert_int_equal(vpc->scheme, CONFIG_HMAC_SHA256);
    assert_int_equal(vpc->method, CONFIG_GET);
    assert_int_equal(vpc->timeout, 10000);
    assert_int_equal(vpc->deadline, 25000);
    assert_int_equal(vpc->slots, 192); /* three in four of the workers */
    assert_null(vpc->fallback);
    assert_null(config_upstream(config, "cvm"));
    config_release(config);
}

static void everything_said(void **state)
{
    struct config *config = load("config/good-everything");
    const struct config_upstream *vpc = config_upstream(config, "vpc");
    const struct config_upstream *cvm = config_upstream(config, "cvm");
    (void)state;
    assert_string_equal(config->listen.items[0].address, "0.0.0.0:8443");
    assert_string_equal(config->admin.items[0].address, "127.0.0.1:0");
    assert_int_equal(config->workers, 64);
    assert_int_equal(config->connections, 640);
    assert_int_equal(config->per_address, 48);
    assert_int_equal(config->grace, 0);
    assert_int_equal(config->drain, 120000);
    assert_int_equal(config->trusted_proxy_count, 2);
    assert_int_equal(config->trusted_proxies[0].prefix, 128);
    assert_int_equal(config->trusted_proxies[1].prefix, 32);
    assert_int_equal(config->credential_count, 2);
    assert_non_null(vpc);
    assert_non_null(cvm);
    assert_false(vpc->url.tls);
    assert_string_equal(vpc->url.host, "127.0.0.1");
    assert_string_equal(vpc->url.authority, "127.0.0.1:8081");
    assert_string_equal(vpc->host, "vpc.api.qcloud.com");
    assert_string_equal(vpc->ca_file, "ca.pem");
    assert_int_equal(vpc->scheme, CONFIG_HMAC_SHA1);
    assert_int_equal(vpc->method, CONFIG_POST);
    assert_int_equal(vpc->timeout, 500);
    assert_int_equal(vpc->deadline, 3000);
    assert_int_equal(vpc->slots, 7);
    assert_int_equal(cvm->slots, 12); /* three in four of the workers, for four upstreams */
    assert_string_equal(vpc->credential->name, "temporary");
    assert_string_equal(secret_bytes(vpc->credential->id), "id-of-the-environment");
    assert_string_equal(secret_bytes(vpc->credential->key), "Gu5t9xGARNpq86cd98joQYCN3Cozk1qA");
    assert_string_equal(secret_bytes(vpc->credential->token), "token-of-systemd");
    assert_null(cvm->credential->token);
    assert_string_equal(vpc->fallback->name, "main");
    assert_null(cvm->fallback);
    assert_non_null(getenv("COUNTERSIGN_TEST_ID")); /* until the configuration is in force */
    config_load_wipe(config);
    assert_null(getenv("COUNTERSIGN_TEST_ID"));
    config_release(config);
}

/* What the operator's own catalog says, with the vendor's conventions where it says nothing: in API 2.0 the
 * action takes storageId and snapshotName, in 3.0 DiskId and SnapshotName (its pages 362/2529 and
 * 362/15648). */
static void an_operators_catalog_is_added(void **state)
{
    struct config *config = load("config/good-everything");
    const struct config_upstream *cbs = config_upstream(config, "cbs");
    const struct config_route *route = &config->routes[config->route_count - 1];
    (void)state;
    assert_int_equal(cbs->api, CONFIG_API3);
    assert_int_equal(cbs->scheme, CONFIG_TC3);
    assert_int_equal(cbs->method, CONFIG_POST);
    assert_int_equal(config_upstream(config, "cvm")->api, CONFIG_API2);
    assert_string_equal(route->mark.file, "more.yaml");
    assert_int_equal(route->mark.line, 3);
    assert_string_equal(route->action, "CreateSnapshot");
    assert_string_equal(route->dialects[CONFIG_API3].action, "CreateSnapshot");
    assert_string_equal(route->dialects[CONFIG_API3].version, "2017-03-12");
    assert_string_equal(route->params[0].capture, "diskId");
    assert_string_equal(route->params[0].wire[CONFIG_API2].name, "storageId");
    assert_string_equal(route->params[0].wire[CONFIG_API3].name, "DiskId");
    assert_string_equal(route->params[1].wire[CONFIG_API2].name, "snapshotName");
    assert_string_equal(route->params[1].wire[CONFIG_API3].name, "SnapshotName");
    config_release(config);
}

static void everything_knows_its_place(void **state)
{
    struct config *config = load("config/good-everything");
    const struct config_upstream *cvm = config_upstream(config, "cvm");
    const struct config_client *console = NULL;
    (void)state;
    assert_string_equal(cvm->mark.file, "countersign.yaml");
    assert_int_equal(cvm->mark.line, 24);
    assert_int_equal(cvm->mark.column, 3);
    assert_int_equal(config->rule_count, 2);
    assert_string_equal(config->rules[1]->id, "never-bastion");
    assert_string_equal(config->rules[1]->mark.file, "policy.yaml");
    assert_int_equal(config->rules[1]->mark.line, 14);
    assert_int_equal(config->rules[1]->mark.column, 5);
    assert_int_equal(config->rules[1]->effect, CONFIG_DENY);
    console = config_client(config, "network-console");
    assert_non_null(console);
    assert_int_equal(console->mark.line, 3);
    assert_int_equal(console->token_count, 2);
    config_release(config);
}

static void tokens_are_found_by_digest(void **state)
{
    static const unsigned char digest[CONFIG_DIGEST_SIZE] = {
        /* printf 'abc' | sha256sum */
        0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23,
        0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad};
    struct config *config = load("config/good-everything");
    const struct config_token *token = token_index_find(&config->tokens, digest);
    (void)state;
    assert_int_equal(config->tokens.count, 3);
    assert_non_null(token);
    assert_string_equal(token->id, "2026-11");
    assert_string_equal(token->client->name, "network-console");
    assert_int_equal(token->expires, 1811721600); /* date -u -d 2027-05-31 +%s */
    config_release(config);
}

static void a_shared_store(void **state)
{
    static const struct {
        const char *host;
        int port;
    } rows[] = {{"valkey.internal", 6379}, {"2001:db8::7", 6380}, {"/run/valkey.sock", 0}};
    struct config *config = load("config/good-state-redis");
    const struct config_store *store = &config->state;
    (void)state;
    assert_int_equal(store->kind, CONFIG_STORE_REDIS);
    assert_int_equal(store->keep, 7200000);
    assert_int_equal(store->instances, 3);
    assert_int_equal(store->server_count, COUNT(rows));
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_string_equal(store->servers[i].host, rows[i].host);
        assert_int_equal(store->servers[i].port, rows[i].port);
    }
    assert_string_equal(store->user, "gateway");
    assert_string_equal(secret_bytes(store->password), "Gu5t9xGARNpq86cd98joQYCN3Cozk1qA");
    assert_int_equal(store->database, 7);
    assert_string_equal(store->prefix, "edge:");
    assert_false(store->tls);
    config_release(config);
}

/* Slots leave every fourth worker free, so that refusals always find one. */
static void slots_follow_workers(void **state)
{
    static const struct {
        int workers, slots;
    } rows[] = {
        {2, 1}, {3, 2}, {4, 3}, {100, 75}, {341, 255}, {342, 256}, {10000, 256},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct report report;
        cases_lay_out("config/good");
        FILE *file = fopen("countersign.yaml", "a");
        assert_non_null(file);
        assert_true(fprintf(file, "workers: %d\n", rows[i].workers) > 0);
        assert_int_equal(fclose(file), 0);
        report_init(&report);
        struct config *config = config_load("countersign.yaml", NULL, CASES_TODAY, &report);
        assert_non_null(config);
        assert_int_equal(config_upstream(config, "vpc")->slots, rows[i].slots);
        config_release(config);
        report_done(&report);
    }
}

/* Paths are relative to the file that names them, not to where we were started. */
static void paths_follow_their_file(void **state)
{
    struct report report;
    char path[CASES_PATH];
    (void)state;
    cases_lay_out("config/good");
    (void)snprintf(path, sizeof path, "%s/countersign.yaml", cases_home);
    assert_int_equal(chdir("/"), 0);
    report_init(&report);
    struct config *config = config_load(path, NULL, CASES_TODAY, &report);
    if (config == NULL)
        fail_msg("%s", buf_text(&report.errors));
    (void)snprintf(path, sizeof path, "%s/policy.yaml", cases_home);
    assert_string_equal(config->policy_file, path);
    config_release(config);
    report_done(&report);
}

static void no_such_file(void **state)
{
    struct report report;
    (void)state;
    cases_start_afresh();
    report_init(&report);
    assert_null(config_load("absent.yaml", NULL, CASES_TODAY, &report));
    assert_string_equal(buf_text(&report.errors),
                        "absent.yaml:1:1: cannot open 'absent.yaml': No such file or directory\n");
    report_done(&report);
    config_release(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_case),
        cmocka_unit_test(defaults),
        cmocka_unit_test(everything_said),
        cmocka_unit_test(an_operators_catalog_is_added),
        cmocka_unit_test(everything_knows_its_place),
        cmocka_unit_test(tokens_are_found_by_digest),
        cmocka_unit_test(a_shared_store),
        cmocka_unit_test(slots_follow_workers),
        cmocka_unit_test(paths_follow_their_file),
        cmocka_unit_test(no_such_file),
    };
    return cmocka_run_group_tests(tests, cases_enter, cases_leave);
}
