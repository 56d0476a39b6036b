/* The vendor's "signature method" page for API 2.0: sort by name, join raw, prefix method, host and path,
 * HMAC with the SecretKey, base64; on the wire every value is percent-encoded once. */
#include "auth/sign_api2.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COMMON_MAX = 8, NUMBER_SIZE = 24, LIST_SUFFIX = 8 };

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const struct sign_pair *)a)->name, ((const struct sign_pair *)b)->name);
}

static void put_name(struct buf *out, const char *name)
{
    for (const char *c = name; *c != '\0'; c++)
        buf_put_char(out, *c == '_' ? '.' : *c);
}

int sign_api2_canonicalize(struct sign_pair *pairs, size_t count, const char *method, const char *host,
                           const char *path, struct buf *out, struct err *err)
{
    qsort(pairs, count, sizeof *pairs, compare_names);
    buf_put(out, method);
    buf_put(out, host);
    buf_put(out, path);
    buf_put_char(out, '?');
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buf_put_char(out, '&');
        put_name(out, pairs[i].name);
        buf_put_char(out, '=');
        buf_put(out, pairs[i].value);
    }
    if (out->failed)
        return err_set(err, ERR_LIMIT, "the string to sign exceeds %d bytes", SIGN_STRING_MAX);
    return 0;
}

static size_t count_values(const struct call *call)
{
    size_t count = 0;
    for (size_t i = 0; i < call->param_count; i++)
        count += call->params[i].count;
    return count;
}

/* instanceIds, 3 -> instanceIds.3: the cloud's arrays start at 0 in every official sample. */
static const char *list_name(struct arena *arena, const char *name, size_t index)
{
    size_t size = strlen(name) + LIST_SUFFIX;
    char *text = arena_alloc(arena, size);
    int written = text == NULL ? -1 : snprintf(text, size, "%s.%zu", name, index);
    return written < 0 || (size_t)written >= size ? NULL : text;
}

static int add_params(const struct call *call, struct arena *arena, struct sign_pair *pairs, size_t *count,
                      struct err *err)
{
    for (size_t i = 0; i < call->param_count; i++) {
        const struct call_param *param = &call->params[i];
        const char *wire = param->param->wire[CONFIG_API2].name;
        for (size_t j = 0; j < param->count; j++) {
            const char *name = param->list ? list_name(arena, wire, j) : wire;
            if (name == NULL)
                return err_memory(err);
            pairs[(*count)++] = (struct sign_pair){name, param->values[j]};
        }
    }
    return 0;
}

static const char *number_text(struct arena *arena, int64_t number)
{
    char *text = arena_alloc(arena, NUMBER_SIZE);
    int written = text == NULL ? -1 : snprintf(text, NUMBER_SIZE, "%lld", (long long)number);
    return written < 0 || written >= NUMBER_SIZE ? NULL : text;
}

static int add_common(const struct signer *signer, const struct call *call, int64_t now, int64_t nonce,
                      struct arena *arena, struct sign_pair *pairs, size_t *count, struct err *err)
{
    const struct config_credential *credential = signer_credential(signer);
    const struct sign_pair common[] = {
        {"Action", call->route->dialects[CONFIG_API2].action},
        {"Region", call->region},
        {"Timestamp", number_text(arena, now)},
        {"Nonce", number_text(arena, nonce)},
        {"SecretId", secret_bytes(credential->id)},
        {"SignatureMethod", call->upstream->scheme == CONFIG_HMAC_SHA1 ? "HmacSHA1" : "HmacSHA256"},
        {"Token", credential->token == NULL ? "" : secret_bytes(credential->token)},
    };
    size_t present = credential->token == NULL ? COUNT(common) - 1 : COUNT(common);
    for (size_t i = 0; i < present; i++) {
        if (common[i].value == NULL)
            return err_memory(err);
        pairs[(*count)++] = common[i];
    }
    return 0;
}

static void put_form(struct buf *out, const struct sign_pair *pairs, size_t count, const char *signature)
{
    for (size_t i = 0; i < count; i++) {
        buf_put(out, pairs[i].name);
        buf_put_char(out, '=');
        text_put_percent(out, pairs[i].value, strlen(pairs[i].value));
        buf_put_char(out, '&');
    }
    buf_put(out, "Signature=");
    text_put_percent(out, signature, strlen(signature));
}

int sign_api2(struct signer *signer, const struct config_upstream *upstream, const struct call *call,
              int64_t now, int64_t nonce, struct arena *arena, struct signed_request *out, struct err *err)
{
    bool post = upstream->method == CONFIG_POST;
    size_t count = 0;
    struct sign_pair *pairs = arena_array(arena, count_values(call) + COMMON_MAX, sizeof *pairs);
    if (pairs == NULL)
        return err_memory(err);
    if (add_params(call, arena, pairs, &count, err) != 0 ||
        add_common(signer, call, now, nonce, arena, pairs, &count, err) != 0 ||
        sign_api2_canonicalize(pairs, count, post ? "POST" : "GET", upstream->host, upstream->url.path,
                               &out->string, err) != 0 ||
        signer_mac(signer, &out->string, out->signature, err) != 0)
        return -1;
    buf_put(&out->target, upstream->url.path);
    if (!post)
        buf_put_char(&out->target, '?');
    put_form(post ? &out->body : &out->target, pairs, count, out->signature);
    if (out->target.failed || out->body.failed)
        return err_set(err, ERR_LIMIT, "the request to sign exceeds %d bytes", SIGN_STRING_MAX);
    return 0;
}
