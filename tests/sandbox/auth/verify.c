#include "tests/unit.h"

#include "base/text.h"
#include "sandbox/command/seed.h"
#include "sandbox/auth/verify.h"

#include <stdlib.h>
#include <string.h>

#define SAMPLE_ID "AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA"
#define COMMON    "Action=DescribeVpcEx&Nonce=1&Region=gz&SecretId=" SAMPLE_ID "&Timestamp=1000000"
#define KNOWN     "Action=A&Nonce=1&Region=gz&SecretId=" SAMPLE_ID "&Timestamp=1&Signature=x"

static const int64_t official_time = 1465185768;

/* A desk of its own for every test: the built-in accounts, nothing seen yet. */
struct fixture {
    struct state *state;
    struct nonce_cache *replay;
    struct verify_desk desk;
};

static void fixture_init(struct fixture *fixture, int64_t now)
{
    struct report report;
    report_init(&report);
    fixture->state = seed_load(NULL, 0, &report);
    assert_non_null(fixture->state);
    report_done(&report);
    fixture->replay = nonce_cache_new(600, 1000);
    fixture->desk =
        (struct verify_desk){.state = fixture->state, .replay = fixture->replay, .window = 300, .now = now};
}

static void fixture_done(struct fixture *fixture)
{
    nonce_cache_free(fixture->replay);
    state_free(fixture->state);
}

static struct outcome judge(const struct fixture *fixture, const char *method, const char *host,
                            const char *wire)
{
    struct params params;
    struct outcome outcome = {0};
    assert_int_equal(params_parse(&params, wire, strlen(wire), NULL), 0);
    struct http_request request = {.method = method, .host = host, .path = "/v2/index.php", .query = ""};
    struct auth_params claim;
    assert_int_equal(auth_params_read(&claim, &request, &params), 0);
    struct verify_subject subject = {.request = &request, .params = &params, .claim = &claim};
    int result = verify_request(&fixture->desk, &subject, &outcome);
    assert_int_equal(result, outcome.code == OUTCOME_GOOD ? 0 : -1);
    auth_params_done(&claim);
    params_done(&params);
    return outcome;
}

static int check_vector(char *line)
{
    char *columns[6];
    struct fixture fixture;
    struct buf wire;
    for (size_t i = 0; i < COUNT(columns); i++)
        columns[i] = strsep(&line, "\t");
    assert_non_null(columns[5]);
    fixture_init(&fixture, official_time);
    buf_init(&wire, 4096);
    buf_put(&wire, columns[4]);
    buf_put(&wire, "&Signature=");
    buf_put_percent(&wire, columns[5], strlen(columns[5]));
    struct outcome outcome = judge(&fixture, columns[2], columns[3], buf_text(&wire));
    int wrong = unit_wrong(columns[0], outcome.code == strtol(columns[1], NULL, 10));
    buf_done(&wire);
    fixture_done(&fixture);
    return wrong;
}

static void official(void **state)
{
    (void)state;
    int wrong = 0;
    size_t count = 0;
    char *text = unit_vector("sandbox-signature", "official.tsv");
    char *rest = text;
    assert_non_null(text);
    for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n"))
        if (line[0] != '\0') {
            wrong += check_vector(line);
            count++;
        }
    assert_int_equal(wrong, 0);
    assert_int_equal(count, 16);
    free(text);
}

/* Which parameters are in the text, and in what order. */
static void composes(void **state)
{
    (void)state;
    static const struct {
        const char *method;
        const char *wire;
        const char *text;
    } rows[] = {
        {"GET", "b=%E4%BD%A0&a=1+2&Signature=x", "GETh:1/v2/index.php?a=1 2&b=\xe4\xbd\xa0"},
        {"GET", "a=@f&b=1", "GETh:1/v2/index.php?a=@f&b=1"},
        {"POST", "a=@f&b=1&c=x@", "POSTh:1/v2/index.php?b=1&c=x@"},
        {"GET", "a_b=1&a0=2&a-=3&aB=4", "GETh:1/v2/index.php?a-=3&a0=2&aB=4&a.b=1"},
        {"GET", "Token=t&RequestClient=SDK&Empty=", "GETh:1/v2/index.php?Empty=&RequestClient=SDK&Token=t"},
        {"GET", "signature=1&Signature=2", "GETh:1/v2/index.php?signature=1"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct params params;
        struct buf text;
        buf_init(&text, 1024);
        assert_int_equal(params_parse(&params, rows[i].wire, strlen(rows[i].wire), NULL), 0);
        struct http_request request = {.method = rows[i].method, .path = "/v2/index.php"};
        struct auth_params claim = {.scheme = AUTH_PARAMS_API2};
        struct verify_subject subject = {&request, &params, &claim};
        verify_compose(&subject, &(struct verify_reading){.host = "h:1"}, &text);
        assert_string_equal(buf_text(&text), rows[i].text);
        params_done(&params);
        buf_done(&text);
    }
}

/* Signs by the stages that the official vectors have proved. */
static void put_signed(struct buf *out, const struct fixture *fixture, const char *wire)
{
    struct params params;
    struct buf text;
    char seal[VERIFY_SEAL_SIZE];
    assert_int_equal(params_parse(&params, wire, strlen(wire), NULL), 0);
    struct http_request request = {.method = "GET", .path = "/v2/index.php"};
    struct auth_params claim = {.scheme = AUTH_PARAMS_API2};
    struct verify_subject subject = {&request, &params, &claim};
    buf_init(&text, 4096);
    verify_compose(&subject, &(struct verify_reading){.host = "h"}, &text);
    const struct state_account *account = &fixture->state->accounts[0];
    assert_int_equal(verify_seal(&text, params_get(&params, "SignatureMethod"), account->secret_key, seal),
                     0);
    buf_init(out, 4096);
    buf_put(out, wire);
    buf_put(out, "&Signature=");
    buf_put_percent(out, seal, strlen(seal));
    buf_done(&text);
    params_done(&params);
}

static int judge_signed(const struct fixture *fixture, const char *wire)
{
    struct buf whole;
    put_signed(&whole, fixture, wire);
    int code = judge(fixture, "GET", "h", buf_text(&whole)).code;
    buf_done(&whole);
    return code;
}

static void window(void **state)
{
    (void)state;
    static const struct {
        int64_t now;
        int code;
    } rows[] = {{1000000, 0}, {1000300, 0}, {1000301, 4500}, {999700, 0}, {999699, 4500}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct fixture fixture;
        fixture_init(&fixture, rows[i].now);
        assert_int_equal(judge_signed(&fixture, COMMON), rows[i].code);
        fixture_done(&fixture);
    }
}

static void replays(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, 1000000);
    assert_int_equal(judge(&fixture, "GET", "h", COMMON "&Signature=AAAA").code, 4100);
    assert_int_equal(judge_signed(&fixture, COMMON), 0); /* the refused one was not remembered */
    assert_int_equal(judge_signed(&fixture, COMMON), 4500);
    assert_int_equal(judge_signed(&fixture, COMMON "&more=1"), 4500);
    fixture_done(&fixture);
}

/* In the order in which they are told: each row also has the faults of those below it. */
static void order_of_checks(void **state)
{
    (void)state;
    static const struct {
        const char *wire;
        int code;
    } rows[] = {
        {"Nonce=x&Region=gz&SecretId=no&Timestamp=1&Signature=x", 4000},
        {"Action=&Nonce=1&Region=gz&SecretId=no&Timestamp=1&Signature=x", 4000},
        {"Action=A&Nonce=1&SecretId=no&Timestamp=1&Signature=x", 4000},
        {"Action=A&Nonce=1&Region=gz&SecretId=no&Timestamp=1", 4000},
        {"Action=A&Nonce=x&Region=gz&SecretId=no&Timestamp=1&Signature=x", 4000},
        {"Action=A&Nonce=1&Region=gz&SecretId=no&Timestamp=-1&Signature=x", 4000},
        {"Action=A&Nonce=1&Region=gz&SecretId=no&Timestamp=1&Signature=x&Token=t", 4104},
        {KNOWN "&"
               "Token=t",
         4105},
        {KNOWN, 4100},
    };
    struct fixture fixture;
    fixture_init(&fixture, 1000000);
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(judge(&fixture, "GET", "h", rows[i].wire).code, rows[i].code);
    assert_string_equal(judge(&fixture, "GET", "h", COMMON "&Signature=x").code_desc, "AuthFailure");
    fixture_done(&fixture);
}

static void tokens(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, 1000000);
    fixture.state->accounts[0].token = secret_new("tok+en", 6);
    assert_int_equal(judge_signed(&fixture, COMMON), 4105);
    assert_int_equal(judge_signed(&fixture, COMMON "&Token="), 4105);
    assert_int_equal(judge_signed(&fixture, COMMON "&Token=tok%2Bem"), 4105);
    assert_int_equal(judge_signed(&fixture, COMMON "&Token=tok%2Ben"), 0);
    fixture_done(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(official),        cmocka_unit_test(composes),
                                       cmocka_unit_test(window),          cmocka_unit_test(replays),
                                       cmocka_unit_test(order_of_checks), cmocka_unit_test(tokens)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
