/* A call with the input's values, signed, against a naive second implementation of the vendor's "signature
 * method" page for API 2.0: every pair as one text, sorted by insertion, joined, HMAC in one shot, base64 by
 * hand.  What goes out must decode to the same pairs.  For API 3.0 the JSON body must say the call again, and
 * the proof is made from the string that was signed. */
#include "tests/fuzz/fuzz.h"

#include "auth/sign/sign.h"

#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    INPUT_MAX = 8192,
    NAIVE_PAIRS_MAX = INPUT_MAX + 16 /* for each byte one, and ours */,
    NAIVE_VALUES_MAX = 100
};

struct naive {
    char *lines[NAIVE_PAIRS_MAX]; /* name=value, owned */
    size_t count;
};

static size_t name_length(const char *line)
{
    return strcspn(line, "=");
}

static bool comes_before(const char *a, const char *b)
{
    size_t length = name_length(a) < name_length(b) ? name_length(a) : name_length(b);
    int order = strncmp(a, b, length);
    return order < 0 || (order == 0 && name_length(a) < name_length(b));
}

static char *pair(const char *name, const char *value)
{
    size_t size = strlen(name) + strlen(value) + sizeof "=";
    char *line = malloc(size);
    if (line == NULL)
        abort();
    (void)snprintf(line, size, "%s=%s", name, value);
    return line;
}

static void insert(struct naive *naive, const char *name, const char *value)
{
    char *line = pair(name, value);
    size_t at = naive->count++;
    FUZZ_MUST(at < NAIVE_PAIRS_MAX);
    for (; at > 0 && comes_before(line, naive->lines[at - 1]); at--)
        naive->lines[at] = naive->lines[at - 1];
    naive->lines[at] = line;
}

static void forget(struct naive *naive)
{
    while (naive->count > 0)
        free(naive->lines[--naive->count]);
}

static void insert_call(struct naive *naive, const struct call *call, long long now, long long nonce)
{
    char text[128]; /* a parameter's name, or a number */
    for (size_t i = 0; i < call->param_count; i++)
        for (size_t j = 0; j < call->params[i].count; j++) {
            const struct call_param *param = &call->params[i];
            (void)snprintf(text, sizeof text, param->list ? "%s.%zu" : "%s",
                           param->param->wire[CONFIG_API2].name, j);
            insert(naive, text, param->values[j]);
        }
    insert(naive, "Action", call->route->dialects[CONFIG_API2].action);
    insert(naive, "Region", call->region);
    insert(naive, "SecretId", "AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA");
    insert(naive, "SignatureMethod", call->upstream->scheme == CONFIG_HMAC_SHA1 ? "HmacSHA1" : "HmacSHA256");
    (void)snprintf(text, sizeof text, "%lld", now);
    insert(naive, "Timestamp", text);
    (void)snprintf(text, sizeof text, "%lld", nonce);
    insert(naive, "Nonce", text);
}

static char *join(const struct naive *naive, const struct call *call)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL)
        abort();
    (void)fputs(call->upstream->method == CONFIG_POST ? "POSTcvm" : "GETvpc", out);
    (void)fputs(".api.qcloud.com/v2/index.php?", out);
    for (size_t i = 0; i < naive->count; i++)
        (void)fprintf(out, "%s%s", i == 0 ? "" : "&", naive->lines[i]);
    (void)fclose(out);
    return text;
}

static void base64(const unsigned char *bytes, size_t length, char *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < length; i += 3) {
        unsigned long group = 0;
        for (size_t k = 0; k < 3; k++)
            group = group << 8 | (i + k < length ? bytes[i + k] : 0u);
        for (size_t k = 0; k < 4; k++)
            *out++ = i + k > length ? '=' : digits[group >> (18 - 6 * k) & 63];
    }
    *out = '\0';
}

static void must_sign(const char *text, const struct call *call, const char *signature)
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    char expected[128];
    const EVP_MD *digest = call->upstream->scheme == CONFIG_HMAC_SHA1 ? EVP_sha1() : EVP_sha256();
    FUZZ_MUST(HMAC(digest, "Gu5t9xGARNpq86cd98joQYCN3Cozk1qA", 32, (const unsigned char *)text, strlen(text),
                   mac, &length) != NULL);
    base64(mac, length, expected);
    FUZZ_MUST(strcmp(expected, signature) == 0);
}

/* Percent-decoded in place; only unreserved characters may stand as they are. */
static void decode(char *text)
{
    char *out = text;
    for (const char *c = text; *c != '\0'; c++) {
        unsigned value = (unsigned char)*c;
        if (*c == '%') {
            FUZZ_MUST(sscanf(c, "%%%2X", &value) == 1);
            c += 2;
        } else {
            FUZZ_MUST(strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~", *c) !=
                      NULL);
        }
        *out++ = (char)value;
    }
    *out = '\0';
}

/* The form that goes out has the naive pairs in any order, and the signature. */
static void must_carry(const char *form, const struct naive *naive, const char *signature)
{
    char *text = strdup(form);
    char *rest = text;
    size_t found = 0;
    bool signed_once = false;
    for (char *said; (said = strsep(&rest, "&")) != NULL;) {
        char *value = strchr(said, '=');
        FUZZ_MUST(value != NULL);
        decode(value + 1);
        if (strncmp(said, "Signature=", 10) == 0) {
            FUZZ_MUST(!signed_once && strcmp(value + 1, signature) == 0);
            signed_once = true;
            continue;
        }
        for (size_t i = 0; i < naive->count; i++)
            found += strcmp(naive->lines[i], said) == 0;
    }
    FUZZ_MUST(signed_once && found == naive->count);
    free(text);
}

static void check(const struct call *call, int64_t now, int64_t nonce)
{
    static struct naive naive;
    static struct signed_request out;
    struct err err = {0};
    struct signer *signer = signer_new(call->upstream, call->upstream->credential, &err);
    signed_request_init(&out);
    FUZZ_MUST(signer != NULL && sign_call(signer, call, now, nonce, fuzz_arena(), &out, &err) == 0);
    insert_call(&naive, call, now, nonce);
    char *expected = join(&naive, call);
    FUZZ_MUST(strcmp(expected, buf_text(&out.string)) == 0);
    must_sign(expected, call, out.signature);
    if (call->upstream->method == CONFIG_POST) {
        FUZZ_MUST(strcmp(buf_text(&out.target), "/v2/index.php") == 0);
        must_carry(buf_text(&out.body), &naive, out.signature);
    } else {
        FUZZ_MUST(strncmp(buf_text(&out.target), "/v2/index.php?", 14) == 0 && out.body.length == 0);
        must_carry(buf_text(&out.target) + 14, &naive, out.signature);
    }
    free(expected);
    forget(&naive);
    signed_request_done(&out);
    signer_free(signer);
}

/* What the catalog calls a number or a boolean is signed only when it is one. */
static bool is_typed(const struct call *call)
{
    for (size_t i = 0; i < call->param_count; i++)
        for (size_t j = 0; j < call->params[i].count; j++) {
            const char *value = call->params[i].values[j];
            char again[32];
            if (call->params[i].param->type != CONFIG_INTEGER)
                continue;
            (void)snprintf(again, sizeof again, "%lld", strtoll(value, NULL, 10)); /* it clamps */
            if (strcmp(again, value) != 0)
                return false;
        }
    return true;
}

static void must_refuse(const struct call *call)
{
    struct signed_request out;
    struct err err = {0};
    struct signer *signer = signer_new(call->upstream, call->upstream->credential, &err);
    signed_request_init(&out);
    FUZZ_MUST(signer != NULL && sign_call(signer, call, 1, 1, fuzz_arena(), &out, &err) == -1);
    signed_request_done(&out);
    signer_free(signer);
}

/* ---- API 3.0: the body is read by jansson, the proof made in one go ---- */

static const char *json_said(const json_t *value, char number[32])
{
    if (json_is_string(value))
        return json_string_value(value);
    (void)snprintf(number, 32,
                   json_is_integer(value) ? "%lld"
                   : json_is_true(value)  ? "true"
                                          : "false",
                   (long long)json_integer_value(value));
    return number;
}

/* The values of a filter, or those under the parameter's own name. */
static const json_t *find_said(const json_t *body, const struct config_wire *wire)
{
    const json_t *filters = json_object_get(body, "Filters");
    if (!wire->filter)
        return json_object_get(body, wire->name);
    for (size_t i = 0; i < json_array_size(filters); i++)
        if (strcmp(json_string_value(json_object_get(json_array_get(filters, i), "Name")), wire->name) == 0)
            return json_object_get(json_array_get(filters, i), "Values");
    return NULL;
}

static void must_say(const struct call *call, const struct buf *bytes)
{
    char number[32];
    size_t filters = 0;
    json_t *body = json_loadb(buf_text(bytes), bytes->length, JSON_REJECT_DUPLICATES, NULL);
    FUZZ_MUST(body != NULL);
    for (size_t i = 0; i < call->param_count; i++) {
        const struct call_param *param = &call->params[i];
        const struct config_wire *wire = &param->param->wire[CONFIG_API3];
        const json_t *said = find_said(body, wire);
        bool list = param->list || wire->filter;
        filters += wire->filter;
        FUZZ_MUST(said != NULL && json_is_array(said) == list &&
                  (!list || json_array_size(said) == param->count));
        for (size_t j = 0; j < param->count; j++)
            FUZZ_MUST(strcmp(json_said(list ? json_array_get(said, j) : said, number), param->values[j]) ==
                      0);
    }
    FUZZ_MUST(json_array_size(json_object_get(body, "Filters")) == filters);
    FUZZ_MUST(json_object_size(body) == call->param_count - filters + (filters > 0));
    json_decref(body);
}

static void hmac(const void *key, size_t length, const char *text, unsigned char *out)
{
    FUZZ_MUST(HMAC(EVP_sha256(), key, (int)length, (const unsigned char *)text, strlen(text), out, NULL) !=
              NULL);
}

static void must_prove(const struct buf *string, int64_t now, const char *signature)
{
    static const char key[] = "TC3Gu5t9xGARNpq86cd98joQYCN3Cozk1qA";
    unsigned char proof[32];
    char date[16];
    char hex[65];
    time_t seconds = (time_t)now;
    struct tm tm;
    FUZZ_MUST(gmtime_r(&seconds, &tm) != NULL && strftime(date, sizeof date, "%Y-%m-%d", &tm) == 10);
    const char *const steps[] = {date, "vpc", "tc3_request", buf_text(string)};
    hmac(key, sizeof key - 1, steps[0], proof);
    for (size_t i = 1; i < COUNT(steps); i++)
        hmac(proof, sizeof proof, steps[i], proof);
    for (size_t i = 0; i < sizeof proof; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", proof[i]);
    FUZZ_MUST(strcmp(hex, signature) == 0);
}

static void check_tc3(const struct call *call, int64_t now)
{
    static struct signed_request out;
    struct err err = {0};
    struct signer *signer = signer_new(call->upstream, call->upstream->credential, &err);
    signed_request_init(&out);
    FUZZ_MUST(signer != NULL && sign_call(signer, call, now, 1, fuzz_arena(), &out, &err) == 0);
    must_say(call, &out.body);
    must_prove(&out.string, now, out.signature);
    FUZZ_MUST(memchr(buf_text(&out.fields), '\n', out.fields.length) == NULL &&
              memchr(buf_text(&out.fields), '\r', out.fields.length) == NULL);
    signed_request_done(&out);
    signer_free(signer);
}

static const struct config_upstream *third(const struct config *config)
{
    static struct config_upstream upstream;
    upstream = config->upstreams[0];
    upstream.api = CONFIG_API3;
    upstream.scheme = CONFIG_TC3;
    upstream.method = CONFIG_POST;
    return &upstream;
}

/* One line of the input for each value; the first two bytes choose route and upstream, the first line the
 * region. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct arena *own; /* the call's; fuzz_arena() is the signature's scratch */
    const struct config *config = fuzz_config();
    struct err err = {0};
    if (size < 6 || size > INPUT_MAX || (own == NULL && (own = arena_new(1024 * 1024)) == NULL))
        return 0;
    arena_reset(own);
    const struct config_route *route = &config->routes[bytes[0] % config->route_count];
    char *text = fuzz_text(bytes + 6, size - 6);
    char *rest = text;
    const struct config_upstream *upstream =
        bytes[1] % 3 == 2 ? third(config) : &config->upstreams[bytes[1] % 2];
    struct call *call = call_new(route, upstream, own);
    FUZZ_MUST(call != NULL);
    bool good =
        route->dialects[upstream->api].supported && call_set_region(call, strsep(&rest, "\n"), &err) == 0;
    for (size_t i = 0; i < route->param_count && good && rest != NULL; i++) {
        size_t count = 0;
        if (route->params[i].wire[upstream->api].name == NULL)
            continue;
        const char **values = arena_array(own, NAIVE_VALUES_MAX, sizeof *values);
        size_t most = route->params[i].type == CONFIG_STRINGS ? 1 + bytes[2] % NAIVE_VALUES_MAX : 1;
        FUZZ_MUST(values != NULL);
        while (count < most && rest != NULL)
            values[count++] = strsep(&rest, "\n");
        good = call_add(call, &route->params[i], values, count, &err) == 0;
    }
    FUZZ_MUST(!good || err.kind == ERR_NONE);
    if (good) {
        call_seal(call);
        if (!is_typed(call))
            must_refuse(call);
        else if (upstream->api == CONFIG_API3)
            check_tc3(call, bytes[3] * 16777216LL + bytes[4]);
        else
            check(call, bytes[3] * 16777216LL + bytes[4], bytes[5] * 8388607LL + 1);
    }
    free(text);
    return 0;
}
