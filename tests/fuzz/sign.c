/* A call with the input's values, signed, against a naive second implementation of the vendor's "signature
 * method" page for API 2.0: every pair as one text, sorted by insertion, joined, HMAC in one shot, base64 by
 * hand.  What goes out must decode to the same pairs. */
#include "tests/fuzz/fuzz.h"

#include "auth/sign.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAIVE_PAIRS_MAX = 1000, NAIVE_VALUES_MAX = 100, NAIVE_LINE_MAX = 400 };

struct naive {
    char lines[NAIVE_PAIRS_MAX][NAIVE_LINE_MAX]; /* name=value */
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

static void insert(struct naive *naive, const char *name, const char *value)
{
    char line[NAIVE_LINE_MAX];
    size_t at = naive->count++;
    FUZZ_MUST(at < NAIVE_PAIRS_MAX && snprintf(line, sizeof line, "%s=%s", name, value) < NAIVE_LINE_MAX);
    for (; at > 0 && comes_before(line, naive->lines[at - 1]); at--)
        memmove(naive->lines[at], naive->lines[at - 1], NAIVE_LINE_MAX);
    memmove(naive->lines[at], line, sizeof line);
}

static void insert_call(struct naive *naive, const struct call *call, long long now, long long nonce)
{
    char text[NAIVE_LINE_MAX];
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
    for (char *pair; (pair = strsep(&rest, "&")) != NULL;) {
        char *value = strchr(pair, '=');
        FUZZ_MUST(value != NULL);
        decode(value + 1);
        if (strncmp(pair, "Signature=", 10) == 0) {
            FUZZ_MUST(!signed_once && strcmp(value + 1, signature) == 0);
            signed_once = true;
            continue;
        }
        for (size_t i = 0; i < naive->count; i++)
            found += strcmp(naive->lines[i], pair) == 0;
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
    naive.count = 0;
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
    signed_request_done(&out);
    signer_free(signer);
}

/* One line of the input for each value; the first two bytes choose route and upstream, the first line the
 * region. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct arena *own; /* the call's; fuzz_arena() is the signature's scratch */
    const struct config *config = fuzz_config();
    struct err err = {0};
    if (size < 6 || size > 8192 || (own == NULL && (own = arena_new(1024 * 1024)) == NULL))
        return 0;
    arena_reset(own);
    const struct config_route *route = &config->routes[bytes[0] % config->route_count];
    char *text = fuzz_text(bytes + 6, size - 6);
    char *rest = text;
    struct call *call = call_new(route, &config->upstreams[bytes[1] % 2], own);
    FUZZ_MUST(call != NULL);
    bool good = route->dialects[CONFIG_API2].spoken && call_set_region(call, strsep(&rest, "\n"), &err) == 0;
    for (size_t i = 0; i < route->param_count && good && rest != NULL; i++) {
        size_t count = 0;
        if (route->params[i].wire[CONFIG_API2].name == NULL)
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
        check(call, bytes[3] * 16777216LL + bytes[4], bytes[5] * 8388607LL + 1);
    }
    free(text);
    return 0;
}
