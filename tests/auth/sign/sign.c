/* The stages of the signatures over sorted pairs, against tests/vectors/sign/api2 and sign/query3: each
 * folder has request, string_to_sign and signature, with its source named inside, and for a known trap
 * not_signature. */
#include "auth/form.h"
#include "auth/sign/sign.h"

#include "tests/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CEILING = 4 * 1024 * 1024, PARAMS_MAX = 8, VALUES_MAX = 128, PAIRS_MAX = 160, WORD = 256 };

/* A request file as a call that could come from the gateway. */
struct request {
    struct arena *arena;
    struct config_credential credential;
    struct config_upstream upstream;
    struct config_route route;
    struct config_param params[PARAMS_MAX];
    const char *values[PARAMS_MAX][VALUES_MAX];
    size_t counts[PARAMS_MAX];
    const char *region;
    const char *unnamed; /* a common parameter that the vector leaves out: we always send it */
    int64_t timestamp;
    int64_t nonce;
};

static void add_value(struct request *request, const char *name, const char *value, int type)
{
    size_t i = 0;
    while (i < request->route.param_count && strcmp(request->params[i].name, name) != 0)
        i++;
    assert_true(i < PARAMS_MAX);
    if (i == request->route.param_count) {
        request->params[i] =
            (struct config_param){.name = name, .type = type, .wire = {{.name = name}, {.name = name}}};
        request->route.param_count++;
    }
    assert_true(request->counts[i] < VALUES_MAX);
    request->values[i][request->counts[i]++] = value;
}

static void add_filter(struct request *request, const char *name, const char *value)
{
    size_t i = request->route.param_count;
    add_value(request, arena_strdup(request->arena, "aFilter"), value, CONFIG_STRING);
    request->params[i].wire[CONFIG_API3] = (struct config_wire){.name = name, .filter = true};
}

static struct secret *make_secret(const char *text)
{
    struct secret *secret = secret_new(text, strlen(text));
    assert_non_null(secret);
    return secret;
}

static void read_line(struct request *request, const char *key, const char *value)
{
    char *word = arena_strdup(request->arena, value);
    assert_non_null(word);
    if (strcmp(key, "method") == 0)
        request->upstream.method = strcmp(word, "POST") == 0 ? CONFIG_POST : CONFIG_GET;
    else if (strcmp(key, "host") == 0)
        request->upstream.host = word;
    else if (strcmp(key, "path") == 0)
        request->upstream.url.path = word;
    else if (strcmp(key, "scheme") == 0)
        request->upstream.scheme = strcmp(word, "HmacSHA1") == 0 ? CONFIG_HMAC_SHA1 : CONFIG_HMAC_SHA256;
    else if (strcmp(key, "action") == 0)
        request->route.dialects[request->upstream.api].action = word;
    else if (strcmp(key, "generation") == 0)
        request->upstream.api = strcmp(word, "3") == 0 ? CONFIG_API3 : CONFIG_API2;
    else if (strcmp(key, "version") == 0)
        request->route.dialects[CONFIG_API3].version = word;
    else if (strcmp(key, "region") == 0)
        request->region = word;
    else if (strcmp(key, "unnamed") == 0)
        request->unnamed = word;
    else if (strcmp(key, "secret_id") == 0)
        request->credential.id = make_secret(word);
    else if (strcmp(key, "secret_key") == 0)
        request->credential.key = make_secret(word);
    else if (strcmp(key, "token") == 0)
        request->credential.token = make_secret(word);
    else if (strcmp(key, "timestamp") == 0)
        request->timestamp = strtoll(word, NULL, 10);
    else if (strcmp(key, "nonce") == 0)
        request->nonce = strtoll(word, NULL, 10);
    else
        fail_msg("a request has no '%s'", key);
}

static struct request *read_request(const char *folder)
{
    struct request *request = calloc(1, sizeof *request);
    char *text = unit_vector(folder, "request");
    char *rest = text;
    assert_non_null(request);
    assert_non_null(text);
    request->arena = arena_new(CEILING);
    assert_non_null(request->arena);
    request->upstream = (struct config_upstream){.name = "vpc", .credential = &request->credential};
    request->upstream.url.path = "/v2/index.php";
    request->route.params = request->params;
    for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
        char key[WORD];
        char name[WORD];
        char value[WORD];
        if (sscanf(line, "param %255s %255s", name, value) == 2)
            add_value(request, arena_strdup(request->arena, name), arena_strdup(request->arena, value),
                      CONFIG_STRING);
        else if (sscanf(line, "list %255s %255s", name, value) == 2)
            add_value(request, arena_strdup(request->arena, name), arena_strdup(request->arena, value),
                      CONFIG_STRINGS);
        else if (sscanf(line, "filter %255s %255s", name, value) == 2)
            add_filter(request, arena_strdup(request->arena, name), arena_strdup(request->arena, value));
        else if (sscanf(line, "%255s %255s", key, value) == 2)
            read_line(request, key, value);
    }
    free(text);
    return request;
}

static void request_done(struct request *request)
{
    secret_free(request->credential.id);
    secret_free(request->credential.key);
    secret_free(request->credential.token);
    arena_free(request->arena);
    free(request);
}

static struct call *make_call(struct request *request)
{
    struct err err = {0};
    struct call *call = call_new(&request->route, &request->upstream, request->arena);
    assert_non_null(call);
    for (size_t i = 0; i < request->route.param_count; i++)
        if (call_add(call, &request->params[i], request->values[i], request->counts[i], &err) != 0)
            fail_msg("%s", err.text);
    if (call_set_region(call, request->region, &err) != 0)
        fail_msg("%s", err.text);
    call_seal(call);
    return call;
}

/* ---- the first two stages: sorted pairs to a string, a string to its proof ---- */

static void add_pair(struct request *request, struct form *form, const char *name, const char *value)
{
    struct err err = {0};
    if (request->unnamed == NULL || strcmp(name, request->unnamed) != 0)
        assert_int_equal(form_add(form, name, value, &err), 0);
}

/* In an order that is nobody's: sorting is what is tested. */
static void make_form(struct request *request, struct form *form)
{
    struct err err = {0};
    int api = request->upstream.api;
    assert_int_equal(form_init(form, make_call(request), PAIRS_MAX, request->arena, &err), 0);
    assert_int_equal(form_add_int(form, "Timestamp", request->timestamp, &err), 0);
    add_pair(request, form, "SignatureMethod",
             request->upstream.scheme == CONFIG_HMAC_SHA1 ? "HmacSHA1" : "HmacSHA256");
    if (request->credential.token != NULL)
        add_pair(request, form, "Token", secret_bytes(request->credential.token));
    add_pair(request, form, "Action", request->route.dialects[api].action);
    add_pair(request, form, "SecretId", secret_bytes(request->credential.id));
    add_pair(request, form, "Region", request->region);
    if (api == CONFIG_API3)
        add_pair(request, form, "Version", request->route.dialects[api].version);
    assert_int_equal(form_add_int(form, "Nonce", request->nonce, &err), 0);
}

static int check_stages(const char *folder, struct request *request, const char *string,
                        const char *signature)
{
    struct form form;
    struct err err = {0};
    struct buf out;
    char mac[SIGNER_TEXT_MAX] = "";
    make_form(request, &form);
    buf_init(&out, SIGN_STRING_MAX);
    int result = form_canonicalize(&form, request->upstream.method == CONFIG_POST ? "POST" : "GET",
                                   request->upstream.host, request->upstream.url.path,
                                   request->upstream.api == CONFIG_API2, &out, &err);
    int wrong = unit_wrong(folder, result == 0) + unit_differs(folder, string, buf_text(&out));
    struct signer *signer = signer_new(&request->upstream, request->upstream.credential, &err);
    assert_non_null(signer);
    for (int round = 0; round < 2; round++) { /* a keyed MAC starts again */
        assert_int_equal(signer_mac(signer, &out, mac, &err), 0);
        wrong += unit_differs(folder, signature, mac);
    }
    signer_free(signer);
    buf_done(&out);
    return wrong;
}

/* ---- the whole: a call to what goes out ---- */

/* Percent-decodes once, strictly: anything but unreserved characters must have been encoded (RFC 3986). */
static char *decode(const char *raw)
{
    static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    char *out = calloc(1, strlen(raw) + 1);
    size_t used = 0;
    assert_non_null(out);
    for (const char *c = raw; *c != '\0'; c++) {
        unsigned byte = 0;
        if (*c == '%') {
            assert_int_equal(sscanf(c + 1, "%2X", &byte), 1);
            assert_true(strspn(c + 1, "0123456789ABCDEF") >= 2);
            assert_true(byte > 0x7F || strchr(unreserved, (int)byte) == NULL);
            out[used++] = (char)byte;
            c += 2;
        } else {
            assert_non_null(strchr(unreserved, *c));
            out[used++] = *c;
        }
    }
    return out;
}

/* The form's pairs, decoded and joined again as the receiver must do it, are what was signed; the last one is
 * the signature itself. */
static int check_form(const char *folder, const char *form, const char *string, const char *signature)
{
    struct buf joined;
    char *copy = strdup(form);
    char *rest = copy;
    int wrong = 0;
    assert_non_null(copy);
    buf_init(&joined, SIGN_STRING_MAX);
    for (char *pair; (pair = strsep(&rest, "&")) != NULL;) {
        char *value = strchr(pair, '=');
        assert_non_null(value);
        *value = '\0';
        char *decoded = decode(value + 1);
        if (rest == NULL) {
            wrong += unit_differs(folder, "Signature", pair) + unit_differs(folder, signature, decoded);
        } else {
            buf_put(&joined, joined.length == 0 ? "" : "&");
            buf_put(&joined, pair);
            buf_put_char(&joined, '=');
            buf_put(&joined, decoded);
        }
        free(decoded);
    }
    wrong += unit_differs(folder, strchr(string, '?') + 1, buf_text(&joined));
    buf_done(&joined);
    free(copy);
    return wrong;
}

static int check_whole(const char *folder, struct request *request, const char *string, const char *signature)
{
    struct err err = {0};
    struct signed_request out;
    struct call *call = make_call(request);
    struct signer *signer = signer_new(&request->upstream, request->upstream.credential, &err);
    const char *path = request->upstream.url.path;
    size_t path_length = strlen(path);
    int wrong = 0;
    assert_non_null(signer);
    signed_request_init(&out);
    for (int round = 0; round < 2; round++) { /* signer and buffers are reused for the next call */
        if (sign_call(signer, call, request->timestamp, request->nonce, request->arena, &out, &err) != 0)
            fail_msg("%s", err.text);
        wrong += unit_differs(folder, string, buf_text(&out.string));
        wrong += unit_differs(folder, signature, out.signature);
        if (request->upstream.method == CONFIG_POST) {
            wrong += unit_differs(folder, path, buf_text(&out.target));
            wrong += check_form(folder, buf_text(&out.body), string, signature);
        } else {
            wrong += unit_wrong(folder, strncmp(buf_text(&out.target), path, path_length) == 0 &&
                                            buf_text(&out.target)[path_length] == '?');
            wrong += check_form(folder, buf_text(&out.target) + path_length + 1, string, signature);
            wrong += unit_differs(folder, "", buf_text(&out.body));
        }
    }
    signed_request_done(&out);
    signer_free(signer);
    return wrong;
}

/* The trap's signature is what the string gives under the other hash: it is neither ours nor nobody's. */
static int check_trap(const char *folder, struct request *request, const char *string, const char *trap)
{
    struct err err = {0};
    struct buf text;
    char mac[SIGNER_TEXT_MAX] = "";
    struct config_upstream other = request->upstream;
    other.scheme = other.scheme == CONFIG_HMAC_SHA1 ? CONFIG_HMAC_SHA256 : CONFIG_HMAC_SHA1;
    struct signer *signer = signer_new(&other, other.credential, &err);
    assert_non_null(signer);
    buf_init(&text, SIGN_STRING_MAX);
    buf_put(&text, string);
    assert_int_equal(signer_mac(signer, &text, mac, &err), 0);
    buf_done(&text);
    signer_free(signer);
    return unit_differs(folder, trap, mac);
}

static int run_vector(const char *root, const char *name)
{
    char folder[WORD];
    (void)snprintf(folder, sizeof folder, "%s/%s", root, name);
    struct request *request = read_request(folder);
    char *string = unit_vector(folder, "string_to_sign");
    char *signature = unit_vector(folder, "signature");
    char *trap = unit_vector(folder, "not_signature");
    assert_non_null(string);
    assert_non_null(signature);
    int wrong = check_stages(folder, request, string, signature);
    if (request->unnamed == NULL)
        wrong += check_whole(folder, request, string, signature);
    if (trap != NULL)
        wrong += check_trap(folder, request, string, trap) + unit_wrong(folder, strcmp(trap, signature) != 0);
    free(trap);
    free(signature);
    free(string);
    request_done(request);
    return wrong;
}

static int run_api2(const char *name)
{
    return run_vector("sign/api2", name);
}

static int run_query3(const char *name)
{
    return run_vector("sign/query3", name);
}

static void every_vector(void **state)
{
    (void)state;
    assert_int_equal(unit_each_folder("sign/api2", run_api2), 0);
    assert_int_equal(unit_each_folder("sign/query3", run_query3), 0);
}

/* ---- stages by themselves ---- */

static void expect_canonical(struct form_pair *pairs, size_t count, bool dots, const char *expected)
{
    struct buf out;
    struct err err = {0};
    struct form form = {.pairs = pairs, .count = count, .room = count};
    buf_init(&out, SIGN_STRING_MAX);
    assert_int_equal(form_canonicalize(&form, "GET", "h", "/p", dots, &out, &err), 0);
    assert_string_equal(buf_text(&out), expected);
    buf_done(&out);
}

/* The page's own example: InstanceIds.12 comes before InstanceIds.2; upper case comes before lower. */
static void names_sort_as_bytes(void **state)
{
    struct form_pair pairs[] = {
        {"InstanceIds.2", "b"}, {"instanceIds.0", "d"}, {"InstanceIds.12", "a"},
        {"Nonce", "c"},         {"InstanceIds", "x"},
    };
    (void)state;
    expect_canonical(pairs, COUNT(pairs), true,
                     "GETh/p?InstanceIds=x&InstanceIds.12=a&InstanceIds.2=b&Nonce=c&instanceIds.0=d");
}

/* Sort, then replace, in that order (the page; a0 < aB < a_b only before '_' becomes '.'). */
static void underscores_become_dots_after_sorting(void **state)
{
    struct form_pair pairs[] = {
        {"a_b", "_1_"},
        {"aB", "2"},
        {"a0", "3"},
        {"_a", "4"},
    };
    (void)state;
    expect_canonical(pairs, COUNT(pairs), true, "GETh/p?.a=4&a0=3&aB=2&a.b=_1_");
    /* the vendor's client of API 3.0 does not replace them */
    expect_canonical(pairs, COUNT(pairs), false, "GETh/p?_a=4&a0=3&aB=2&a_b=_1_");
}

static void a_string_beyond_the_ceiling_is_refused(void **state)
{
    struct buf out;
    struct err err = {0};
    struct form_pair pairs[] = {
        {"a", "0123456789"},
    };
    (void)state;
    struct form form = {.pairs = pairs, .count = COUNT(pairs), .room = COUNT(pairs)};
    buf_init(&out, 10);
    assert_int_equal(form_canonicalize(&form, "GET", "h", "/p", true, &out, &err), -1);
    assert_int_equal(err.kind, ERR_LIMIT);
    buf_done(&out);
}

/* RFC 2202 test case 2 and RFC 4231 test case 2. */
static void mac_vectors(void **state)
{
    static const struct {
        int scheme;
        const char *base64;
    } rows[] = {
        {CONFIG_HMAC_SHA1, "7/zfauXrL6LSdBbV8YTfnCWafHk="},
        {CONFIG_HMAC_SHA256, "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM="},
    };
    struct config_credential credential = {.key = make_secret("Jefe")};
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct config_upstream upstream = {.credential = &credential, .scheme = rows[i].scheme};
        struct err err = {0};
        struct buf text;
        char mac[SIGNER_TEXT_MAX];
        struct signer *signer = signer_new(&upstream, upstream.credential, &err);
        assert_non_null(signer);
        buf_init(&text, 100);
        buf_put(&text, "what do ya want for nothing?");
        assert_int_equal(signer_mac(signer, &text, mac, &err), 0);
        wrong += unit_differs("mac", rows[i].base64, mac);
        buf_done(&text);
        signer_free(signer);
    }
    secret_free(credential.key);
    assert_int_equal(wrong, 0);
}

/* Nothing is signed for a call that could still change, or that is another upstream's. */
static void unfinished_calls_are_not_signed(void **state)
{
    struct request *request = read_request("sign/api2/detach-get-sha256");
    struct config_upstream other = request->upstream;
    struct signed_request out;
    struct err err = {0};
    struct call *call = make_call(request);
    struct signer *signer = signer_new(&other, other.credential, &err);
    (void)state;
    assert_non_null(signer);
    signed_request_init(&out);
    assert_int_equal(sign_call(signer, call, 1, 1, request->arena, &out, &err), -1);
    call->upstream = &other;
    call->sealed = false;
    err_clear(&err);
    assert_int_equal(sign_call(signer, call, 1, 1, request->arena, &out, &err), -1);
    assert_string_equal(buf_text(&out.string), "");
    assert_string_equal(out.signature, "");
    signed_request_done(&out);
    signer_free(signer);
    request_done(request);
}

/* As much as stands in the body of one request, three bytes for each on the wire. */
static void the_largest_call_fits(void **state)
{
    struct request *request = read_request("sign/api2/no-parameter");
    struct signed_request out;
    struct err err = {0};
    char value[CONFIG_LENGTH_MAX + 1];
    (void)state;
    memset(value, '%', sizeof value - 1);
    value[sizeof value - 1] = '\0';
    for (int i = 0; i < 2; i++)
        add_value(request, "instanceIds", value, CONFIG_STRINGS);
    struct call *call = make_call(request);
    struct signer *signer = signer_new(&request->upstream, request->upstream.credential, &err);
    assert_non_null(signer);
    signed_request_init(&out);
    assert_int_equal(sign_call(signer, call, INT64_MAX, INT32_MAX, request->arena, &out, &err), 0);
    signed_request_done(&out);
    signer_free(signer);
    signer_free(NULL);
    request_done(request);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_vector),
        cmocka_unit_test(names_sort_as_bytes),
        cmocka_unit_test(underscores_become_dots_after_sorting),
        cmocka_unit_test(a_string_beyond_the_ceiling_is_refused),
        cmocka_unit_test(mac_vectors),
        cmocka_unit_test(unfinished_calls_are_not_signed),
        cmocka_unit_test(the_largest_call_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
