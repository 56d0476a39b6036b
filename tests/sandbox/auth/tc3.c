#include "tests/unit.h"

#include "base/text.h"
#include "sandbox/command/seed.h"
#include "sandbox/auth/verify.h"

#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLE_ID "AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA"
#define HEX       "10b1a37a7301a02ca19a647ad722d5e43b4b3cff309d421d85b46093f6ab6c4f"
#define GOOD      "TC3-HMAC-SHA256 Credential=" SAMPLE_ID "/2019-02-25/cvm/tc3_request, "

static const int64_t official_time = 1551113065;
static const char official_body[] = "{\"Limit\": 1, \"Filters\": [{\"Values\": [\"\\u672a\\u547d\\u540d\"], "
                                    "\"Name\": \"instance-name\"}]}";

/* One request, with what a row changes. */
struct fixture {
    struct state *state;
    struct nonce_cache *replay;
    struct http_request request;
    struct buf authorization;
    struct params params;
    struct auth_params claim;
};

static void add_field(struct fixture *fixture, const char *name, const char *value)
{
    fixture->request.fields[fixture->request.field_count++] =
        (struct http_field){.name = name, .value = value};
}

static void fixture_init(struct fixture *fixture, const char *key, const char *host)
{
    struct report report;
    report_init(&report);
    *fixture = (struct fixture){.state = seed_load(NULL, 0, &report), .replay = nonce_cache_new(600, 1000)};
    assert_non_null(fixture->state);
    report_done(&report);
    secret_free(fixture->state->accounts[0].secret_key);
    fixture->state->accounts[0].secret_key = secret_new(key, strlen(key));
    http_request_init(&fixture->request);
    buf_init(&fixture->authorization, 4096);
    fixture->request.method = "POST";
    fixture->request.path = "/";
    fixture->request.host = host;
    fixture->request.content_type = "application/json; charset=utf-8";
    buf_put(&fixture->request.body, official_body);
    add_field(fixture, "Host", host);
    add_field(fixture, "Content-Type", fixture->request.content_type);
    add_field(fixture, "X-TC-Action", "DescribeInstances");
    add_field(fixture, "X-TC-Version", "2017-03-12");
    add_field(fixture, "X-TC-Region", "ap-guangzhou");
    add_field(fixture, "X-TC-Timestamp", "1551113065");
}

static void fixture_done(struct fixture *fixture)
{
    auth_params_done(&fixture->claim);
    params_done(&fixture->params);
    buf_done(&fixture->authorization);
    http_request_done(&fixture->request);
    nonce_cache_free(fixture->replay);
    state_free(fixture->state);
}

/* The outcome's name in generation 3; "" when it verifies. */
static const char *judge(struct fixture *fixture, int64_t now)
{
    struct outcome outcome = {0};
    const struct buf *body = &fixture->request.body;
    add_field(fixture, "Authorization", buf_text(&fixture->authorization));
    assert_int_equal(params_json_parse(&fixture->params, buf_text(body), body->length, NULL), 0);
    assert_int_equal(auth_params_read(&fixture->claim, &fixture->request, &fixture->params), 0);
    const struct verify_desk desk = {
        .state = fixture->state, .replay = fixture->replay, .window = 300, .now = now};
    const struct verify_subject subject = {&fixture->request, &fixture->params, &fixture->claim};
    int result = verify_request(&desk, &subject, &outcome);
    assert_int_equal(result, outcome.code == 0 ? 0 : -1);
    return outcome.name == NULL ? "" : outcome.name;
}

/* Stage by stage: the canonical request by its hash, then the signature, then the whole check. */
static int check_official(char *line)
{
    char *columns[5];
    struct fixture fixture;
    struct buf text;
    unsigned char digest[SHA256_DIGEST_LENGTH];
    char hex[2 * SHA256_DIGEST_LENGTH + 1];
    for (size_t i = 0; i < COUNT(columns); i++)
        columns[i] = strsep(&line, "\t");
    assert_non_null(columns[4]);
    fixture_init(&fixture, columns[1], "cvm.tencentcloudapi.com");
    buf_put(&fixture.authorization, GOOD "SignedHeaders=");
    buf_put(&fixture.authorization, columns[2]);
    buf_put(&fixture.authorization, ", Signature=");
    buf_put(&fixture.authorization, columns[4]);
    int wrong = unit_differs(columns[0], "", judge(&fixture, official_time));
    buf_init(&text, 4096);
    tc3_put_canonical(&text, &fixture.request, &fixture.claim, fixture.request.host);
    (void)SHA256((const unsigned char *)text.bytes, text.length, digest);
    text_hex(digest, sizeof digest, hex);
    wrong += unit_differs(columns[0], columns[3], hex);
    buf_done(&text);
    fixture_done(&fixture);
    return wrong;
}

static void official(void **state)
{
    (void)state;
    int wrong = 0;
    size_t count = 0;
    char *text = unit_vector("sandbox-tc3", "official.tsv");
    char *rest = text;
    assert_non_null(text);
    for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n"), count++)
        wrong += check_official(line);
    assert_int_equal(wrong, 0);
    assert_int_equal(count, 3);
    free(text);
}

/* What the page prints of the "current" example on the way: the canonical request and the text to sign. */
static void stages(void **state)
{
    (void)state;
    struct fixture fixture;
    struct buf canonical;
    struct buf text;
    fixture_init(&fixture, "x", "cvm.tencentcloudapi.com");
    fixture.claim = (struct auth_params){.timestamp = "1551113065",
                                         .date = "2019-02-25",
                                         .service = "cvm",
                                         .signed_headers = "content-type;host;x-tc-action"};
    buf_init(&canonical, 4096);
    buf_init(&text, 4096);
    tc3_put_canonical(&canonical, &fixture.request, &fixture.claim, fixture.request.host);
    assert_string_equal(buf_text(&canonical),
                        "POST\n/\n\ncontent-type:application/json; charset=utf-8\n"
                        "host:cvm.tencentcloudapi.com\nx-tc-action:describeinstances\n\n"
                        "content-type;host;x-tc-action\n"
                        "35e9c5b0e3ae67532d3c9f17ead6c90222632e5b1ff7f6e89887f1398934f064");
    tc3_put_text(&text, &fixture.claim, &canonical);
    assert_string_equal(buf_text(&text), "TC3-HMAC-SHA256\n1551113065\n2019-02-25/cvm/tc3_request\n"
                                         "7019a55be8395899b900fb5564e4200d984910f34794a27cb3fb7d10ff6a1e84");
    buf_done(&canonical);
    buf_done(&text);
    fixture.claim = (struct auth_params){0};
    fixture_done(&fixture);
}

/* The current example again, each time with one thing that was not signed so. */
static void refusals(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *authorization;
        const char *host;
        int64_t now;
    } rows[] = {
        {"", GOOD "SignedHeaders=content-type;host;x-tc-action, Signature=" HEX, NULL, 0},
        {"", GOOD "SignedHeaders=content-type;host;x-tc-action, Signature=" HEX,
         "cvm.tencentcloudapi.com:9443", 0},
        {"", GOOD "Signature=" HEX ",SignedHeaders=content-type;host;x-tc-action", NULL, 300},
        {"AuthFailure.SignatureExpire", GOOD "SignedHeaders=content-type;host;x-tc-action, Signature=" HEX,
         NULL, 301},
        {"AuthFailure.SignatureExpire", GOOD "SignedHeaders=content-type;host;x-tc-action, Signature=" HEX,
         NULL, -301},
        {"AuthFailure.SignatureFailure", GOOD "SignedHeaders=content-type;host;x-tc-action, Signature=" HEX,
         "vpc.tencentcloudapi.com", 0},
        {"AuthFailure.SignatureFailure", GOOD "SignedHeaders=content-type;host, Signature=" HEX, NULL, 0},
        {"AuthFailure.SignatureFailure", GOOD "SignedHeaders=content-type;host;x-tc-action, Signature=ab",
         NULL, 0},
        {"AuthFailure.InvalidAuthorization", GOOD "SignedHeaders=host;x-tc-action, Signature=" HEX, NULL, 0},
        {"AuthFailure.InvalidAuthorization", GOOD "SignedHeaders=content-type;x-tc-action, Signature=" HEX,
         NULL, 0},
        {"AuthFailure.InvalidAuthorization", GOOD "SignedHeaders=host;content-type, Signature=" HEX, NULL, 0},
        {"AuthFailure.InvalidAuthorization", GOOD "SignedHeaders=Content-Type;Host, Signature=" HEX, NULL, 0},
        {"AuthFailure.InvalidAuthorization", GOOD "SignedHeaders=content-type;host;x-absent, Signature=" HEX,
         NULL, 0},
        {"AuthFailure.InvalidAuthorization", GOOD "SignedHeaders=content-type;host;, Signature=" HEX, NULL,
         0},
        {"AuthFailure.InvalidAuthorization", GOOD "SignedHeaders=content-type;host", NULL, 0},
        {"AuthFailure.InvalidAuthorization", "Bearer abc", NULL, 0},
        {"AuthFailure.InvalidAuthorization", "TC3-HMAC-SHA256", NULL, 0},
        {"AuthFailure.InvalidAuthorization",
         "TC3-HMAC-SHA256 Credential=" SAMPLE_ID "/2019-02-25/cvm/aws4_request, "
         "SignedHeaders=content-type;host, Signature=" HEX,
         NULL, 0},
        {"AuthFailure.SecretIdNotFound",
         "TC3-HMAC-SHA256 Credential=AKIDx/2019-02-25/cvm/tc3_request, "
         "SignedHeaders=content-type;host, Signature=" HEX,
         NULL, 0},
        {"AuthFailure.SignatureFailure",
         "TC3-HMAC-SHA256 Credential=" SAMPLE_ID "/2019-02-26/cvm/tc3_request, "
         "SignedHeaders=content-type;host;x-tc-action, Signature=" HEX,
         NULL, 0},
    };
    int wrong = 0;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct fixture fixture;
        fixture_init(&fixture, "********************************",
                     rows[i].host == NULL ? "cvm.tencentcloudapi.com" : rows[i].host);
        buf_put(&fixture.authorization, rows[i].authorization);
        wrong +=
            unit_differs(rows[i].authorization, rows[i].name, judge(&fixture, official_time + rows[i].now));
        fixture_done(&fixture);
    }
    assert_int_equal(wrong, 0);
}

/* The vendor's example of "signature v1" with API 3.0: path "/", SHA-1. */
static void query_signature(void **state)
{
    (void)state;
    static const char key[] = "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE";
    static const char wire[] =
        "Action=DescribeInstances&InstanceIds.0=ins-09dx96dg&Limit=20&Nonce=11886&Offset=0"
        "&Region=ap-guangzhou&SecretId=AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE"
        "&Timestamp=1465185768&Version=2017-03-12";
    struct params params;
    struct buf text;
    char seal[VERIFY_SEAL_SIZE];
    struct secret *secret = secret_new(key, strlen(key));
    struct http_request request = {.method = "GET", .path = "/"};
    struct auth_params claim = {.scheme = AUTH_PARAMS_QUERY};
    struct verify_subject subject = {&request, &params, &claim};
    buf_init(&text, 4096);
    assert_int_equal(params_parse(&params, wire, strlen(wire), NULL), 0);
    verify_compose(&subject, &(struct verify_reading){.host = "cvm.tencentcloudapi.com"}, &text);
    assert_int_equal(verify_seal(&text, NULL, secret, seal), 0);
    assert_string_equal(seal, "EliP9YW3pW28FpsEdkXt/+WcGeI=");
    secret_free(secret);
    params_done(&params);
    buf_done(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(official), cmocka_unit_test(stages),
                                       cmocka_unit_test(refusals), cmocka_unit_test(query_signature)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
