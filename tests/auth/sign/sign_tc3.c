/* TC3-HMAC-SHA256 stage by stage against tests/vectors/sign/tc3: each folder has request, body,
 * canonical_request, string_to_sign and signature, with its source named inside.  Then the bodies of calls,
 * and whole calls. */
#include "auth/sign/sign.h"
#include "auth/sign/sign_tc3.h"

#include "tests/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CEILING = 1024 * 1024, WORD = 128, HEADERS_MAX = 4 };

struct vector {
    char service[WORD];
    char date[WORD];
    char signing_key[WORD];
    long long timestamp;
    struct secret *secret_key;
    char names[HEADERS_MAX][WORD];
    char values[HEADERS_MAX][WORD];
    struct sign_header headers[HEADERS_MAX];
    size_t header_count;
};

static void read_line(struct vector *vector, const char *line)
{
    char word[WORD];
    size_t i = vector->header_count;
    if (i < HEADERS_MAX && sscanf(line, "header %127s %127[^\n]", vector->names[i], vector->values[i]) == 2) {
        vector->headers[i] = (struct sign_header){vector->names[i], vector->values[i]};
        vector->header_count++;
    } else if (sscanf(line, "secret_key %127s", word) == 1) {
        vector->secret_key = secret_new(word, strlen(word));
        assert_non_null(vector->secret_key);
    } else if (line[0] != '#' && line[0] != '\0') {
        assert_true(sscanf(line, "service %127s", vector->service) == 1 ||
                    sscanf(line, "date %127s", vector->date) == 1 ||
                    sscanf(line, "signing_key %127s", vector->signing_key) == 1 ||
                    sscanf(line, "timestamp %lld", &vector->timestamp) == 1);
    }
}

static void read_vector(const char *folder, struct vector *vector)
{
    char *text = unit_vector(folder, "request");
    char *rest = text;
    assert_non_null(text);
    *vector = (struct vector){0};
    for (char *line; (line = strsep(&rest, "\n")) != NULL;)
        read_line(vector, line);
    free(text);
}

static void fill(struct buf *buf, const char *text)
{
    buf_init(buf, SIGN_STRING_MAX);
    buf_put(buf, text);
}

static void hex_of(const unsigned char *bytes, char *hex)
{
    for (size_t i = 0; i < SIGN_TC3_KEY; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
}

/* Each stage begins with the expected end of the one before: the first that is wrong is the one that is
 * told. */
static int check_stages(const char *folder, struct vector *vector, char *const texts[4])
{
    struct err err = {0};
    struct buf body;
    struct buf canonical;
    struct buf string;
    unsigned char key[SIGN_TC3_KEY];
    char hex[2 * SIGN_TC3_KEY + 1];
    char date[SIGN_TC3_DATE];
    char signature[SIGNER_TEXT_MAX];
    fill(&body, texts[0]);
    fill(&canonical, "");
    fill(&string, "");
    assert_int_equal(
        sign_tc3_canonicalize("/", vector->headers, vector->header_count, &body, &canonical, &err), 0);
    int wrong = unit_differs(folder, texts[1], buf_text(&canonical));
    buf_reset(&canonical);
    buf_put(&canonical, texts[1]);
    assert_int_equal(sign_tc3_string(&canonical, vector->timestamp, vector->service, &string, &err), 0);
    wrong += unit_differs(folder, texts[2], buf_text(&string));
    assert_int_equal(sign_tc3_date(vector->timestamp, date), 0);
    wrong += unit_differs(folder, vector->date, date);
    assert_int_equal(sign_tc3_key(vector->secret_key, date, vector->service, key, &err), 0);
    hex_of(key, hex);
    wrong += unit_differs(folder, vector->signing_key, hex);
    buf_reset(&string);
    buf_put(&string, texts[2]);
    assert_int_equal(sign_tc3_mac(key, &string, signature, &err), 0);
    wrong += unit_differs(folder, texts[3], signature);
    buf_done(&body);
    buf_done(&canonical);
    buf_done(&string);
    return wrong;
}

static int run_vector(const char *name)
{
    static const char *const files[] = {"body", "canonical_request", "string_to_sign", "signature"};
    char folder[WORD];
    char *texts[COUNT(files)];
    struct vector vector;
    (void)snprintf(folder, sizeof folder, "sign/tc3/%s", name);
    read_vector(folder, &vector);
    for (size_t i = 0; i < COUNT(files); i++) {
        texts[i] = unit_vector(folder, files[i]);
        assert_non_null(texts[i]);
    }
    int wrong = check_stages(folder, &vector, texts);
    for (size_t i = 0; i < COUNT(files); i++)
        free(texts[i]);
    secret_free(vector.secret_key);
    return wrong;
}

static void every_vector(void **state)
{
    (void)state;
    assert_int_equal(unit_each_folder("sign/tc3", run_vector), 0);
}

/* ---- calls ---- */

static struct config_credential credential = {.name = "main"};
static struct config_upstream upstream = {.name = "vpc",
                                          .url = {.path = "/"},
                                          .host = "vpc.tencentcloudapi.com",
                                          .api = CONFIG_API3,
                                          .scheme = CONFIG_TC3,
                                          .method = CONFIG_POST,
                                          .credential = &credential};

static struct config_param params[] = {
    {.name = "vpcId", .type = CONFIG_STRING, .wire = {{0}, {.name = "VpcId"}}},
    {.name = "instanceIds", .type = CONFIG_STRINGS, .wire = {{0}, {.name = "InstanceIds"}}},
    {.name = "offset", .type = CONFIG_INTEGER, .wire = {{0}, {.name = "Offset", .quoted = true}}},
    {.name = "limit", .type = CONFIG_INTEGER, .wire = {{0}, {.name = "Limit"}}},
    {.name = "force", .type = CONFIG_BOOLEAN, .wire = {{0}, {.name = "Force"}}},
    {.name = "lanIps", .type = CONFIG_STRINGS, .wire = {{0}, {.name = "private-ip-address", .filter = true}}},
    {.name = "name", .type = CONFIG_STRING, .wire = {{0}, {.name = "vpc-name", .filter = true}}},
    {.name = "project", .type = CONFIG_INTEGER, .wire = {{0}, {.name = "project-id", .filter = true}}},
};
static const struct config_route route = {
    .params = params,
    .param_count = COUNT(params),
    .dialects = {{0}, {.supported = true, .action = "DetachClassicLinkVpc", .version = "2017-03-12"}}};

/* `said` is name=value pairs, and more values of the same name behind commas. */
static struct call *make_call(const char *said, struct arena *arena)
{
    struct err err = {0};
    char *rest = arena_strdup(arena, said);
    struct call *call = call_new(&route, &upstream, arena);
    assert_non_null(call);
    for (char *word; (word = strsep(&rest, " ")) != NULL && word[0] != '\0';) {
        size_t count = 0;
        const char **values = arena_array(arena, 8, sizeof *values);
        char *list = strchr(word, '=');
        size_t i = 0;
        *list++ = '\0';
        while (strcmp(params[i].name, word) != 0)
            i++;
        while (list != NULL)
            values[count++] = strsep(&list, ",");
        if (call_add(call, &params[i], values, count, &err) != 0)
            fail_msg("%s", err.text);
    }
    assert_int_equal(call_set_region(call, "ap-guangzhou", &err), 0);
    call_seal(call);
    return call;
}

/* The vendor's reference pages: arrays are arrays, Offset and Limit of the VPC's lists are strings, and
 * filters have a Name and Values that are strings whatever they hold. */
static void bodies(void **state)
{
    static const char *const rows[][2] = {
        {"", "{}"},
        {"vpcId=vpc-2ari9m7h instanceIds=ins-df454d",
         "{\"VpcId\":\"vpc-2ari9m7h\",\"InstanceIds\":[\"ins-df454d\"]}"},
        {"instanceIds=ins-b,ins-a", "{\"InstanceIds\":[\"ins-b\",\"ins-a\"]}"},
        {"offset=0 limit=20", "{\"Offset\":\"0\",\"Limit\":20}"},
        {"force=true", "{\"Force\":true}"},
        {"lanIps=10.0.0.1,10.0.0.2 limit=5 name=a",
         "{\"Limit\":5,\"Filters\":[{\"Name\":\"private-ip-address\",\"Values\":[\"10.0.0.1\",\"10.0.0.2\"]},"
         "{\"Name\":\"vpc-name\",\"Values\":[\"a\"]}]}"},
        {"project=7", "{\"Filters\":[{\"Name\":\"project-id\",\"Values\":[\"7\"]}]}"},
        {"vpcId=a\"b\\c", "{\"VpcId\":\"a\\\"b\\\\c\"}"},
        {"name=\xE6\x9C\xAA\xE5\x91\xBD",
         "{\"Filters\":[{\"Name\":\"vpc-name\",\"Values\":[\"\xE6\x9C\xAA\xE5\x91\xBD\"]}]}"},
    };
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf body;
        struct arena *arena = arena_new(CEILING);
        assert_non_null(arena);
        buf_init(&body, SIGN_STRING_MAX);
        sign_tc3_compose(make_call(rows[i][0], arena), &body);
        wrong += unit_differs(rows[i][0], rows[i][1], buf_text(&body));
        buf_done(&body);
        arena_free(arena);
    }
    assert_int_equal(wrong, 0);
}

/* The field of that name, or NULL. */
static const char *field(const struct signed_request *out, const char *name)
{
    const char *end = buf_text(&out->fields) + out->fields.length;
    size_t length = strlen(name);
    for (const char *at = buf_text(&out->fields); at < end; at += strlen(at) + 1)
        if (strncmp(at, name, length) == 0 && strncmp(at + length, ": ", 2) == 0)
            return at + length + 2;
    return NULL;
}

static int check_whole(struct signer *signer, struct signed_request *out, const struct call *call,
                       struct arena *arena)
{
    struct err err = {0};
    char expected[600];
    char *signature = unit_vector("sign/tc3/detach", "signature");
    char *body = unit_vector("sign/tc3/detach", "body");
    char *canonical = unit_vector("sign/tc3/detach", "canonical_request");
    assert_int_equal(sign_call(signer, call, 1795564799, 1, arena, out, &err), 0);
    (void)snprintf(expected, sizeof expected,
                   "TC3-HMAC-SHA256 Credential=AKIDEXAMPLE/2026-11-24/vpc/tc3_request, "
                   "SignedHeaders=content-type;host;x-tc-action, Signature=%s",
                   signature);
    int wrong =
        unit_differs("body", body, buf_text(&out->body)) +
        unit_differs("canonical", canonical, buf_text(&out->canonical)) +
        unit_differs("signature", signature, out->signature) +
        unit_differs("Authorization", expected, field(out, "Authorization")) +
        unit_differs("X-TC-Action", "DetachClassicLinkVpc", field(out, "X-TC-Action")) +
        unit_differs("X-TC-Version", "2017-03-12", field(out, "X-TC-Version")) +
        unit_differs("X-TC-Region", "ap-guangzhou", field(out, "X-TC-Region")) +
        unit_differs("X-TC-Timestamp", "1795564799", field(out, "X-TC-Timestamp")) +
        unit_differs("X-TC-Token", credential.token == NULL ? NULL : "a+b/c=", field(out, "X-TC-Token")) +
        unit_differs("target", "/", buf_text(&out->target));
    free(signature);
    free(body);
    free(canonical);
    return wrong;
}

/* The key of a day is kept: the second round, and the one behind another day, must not be signed with a wrong
 * one. */
static void whole_calls(void **state)
{
    struct err err = {0};
    struct signed_request out;
    struct arena *arena = arena_new(CEILING);
    (void)state;
    credential.id = secret_new("AKIDEXAMPLE", 11);
    credential.key = secret_new("Gu5t9xGARNpq86cd98joQYCN3EXAMPLE", 32);
    struct signer *signer = signer_new(&upstream, &credential, &err);
    struct call *call = make_call("vpcId=vpc-2ari9m7h instanceIds=ins-df454d", arena);
    assert_non_null(signer);
    signed_request_init(&out);
    int wrong = check_whole(signer, &out, call, arena);
    credential.token = secret_new("a+b/c=", 6);
    wrong += check_whole(signer, &out, call, arena);
    assert_int_equal(sign_call(signer, call, 0, 1, arena, &out, &err), 0);
    wrong += check_whole(signer, &out, call, arena);
    assert_int_equal(sign_call(signer, call, INT64_MAX, 1, arena, &out, &err), -1);
    signed_request_done(&out);
    signer_free(signer);
    secret_free(credential.id);
    secret_free(credential.key);
    secret_free(credential.token);
    arena_free(arena);
    assert_int_equal(wrong, 0);
}

/* Whatever let such a value through: it would stand in the body as it is. */
static void what_is_no_number_is_not_signed(void **state)
{
    static const char *const rows[] = {"limit=",
                                       "limit=-",
                                       "limit=-0",
                                       "limit=--1",
                                       "limit=-01",
                                       "limit=01",
                                       "limit=1.0",
                                       "limit=1e1",
                                       "limit={}",
                                       "limit=9223372036854775808",
                                       "limit=-9223372036854775809",
                                       "force=yes",
                                       "force=1",
                                       "force="};
    struct err err = {0};
    struct signed_request out;
    struct arena *arena = arena_new(CEILING);
    int wrong = 0;
    (void)state;
    credential.id = secret_new("AKIDEXAMPLE", 11);
    credential.key = secret_new("Gu5t9xGARNpq86cd98joQYCN3EXAMPLE", 32);
    struct signer *signer = signer_new(&upstream, &credential, &err);
    signed_request_init(&out);
    for (size_t i = 0; i < COUNT(rows); i++)
        wrong +=
            unit_wrong(rows[i], sign_call(signer, make_call(rows[i], arena), 1, 1, arena, &out, &err) == -1);
    signed_request_done(&out);
    signer_free(signer);
    secret_free(credential.id);
    secret_free(credential.key);
    arena_free(arena);
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_vector),
        cmocka_unit_test(bodies),
        cmocka_unit_test(whole_calls),
        cmocka_unit_test(what_is_no_number_is_not_signed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
