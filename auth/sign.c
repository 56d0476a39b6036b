#include "auth/sign.h"

#include "auth/sign_form.h"
#include "auth/sign_tc3.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdlib.h>
#include <string.h>

struct signer {
    const struct config_upstream *upstream;
    const struct config_credential *credential;
    char date[SIGN_TC3_DATE]; /* of `day_key`; "": none */
    unsigned char day_key[SIGN_TC3_KEY];
    EVP_MAC_CTX *context; /* keyed: EVP_MAC_init() without a key starts it again (OpenSSL >= 3.0.3) */
};

static EVP_MAC_CTX *keyed_context(const struct config_upstream *upstream, const struct secret *key)
{
    char digest[] = "SHA256";
    if (upstream->scheme == CONFIG_HMAC_SHA1)
        memcpy(digest, "SHA1", sizeof "SHA1");
    const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                                 OSSL_PARAM_construct_end()};
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *context = mac == NULL ? NULL : EVP_MAC_CTX_new(mac);
    EVP_MAC_free(mac); /* the context keeps its own reference */
    if (context != NULL &&
        EVP_MAC_init(context, (const unsigned char *)secret_bytes(key), secret_length(key), params) != 1) {
        EVP_MAC_CTX_free(context);
        context = NULL;
    }
    return context;
}

struct signer *signer_new(const struct config_upstream *upstream, const struct config_credential *credential,
                          struct err *err)
{
    struct signer *signer = calloc(1, sizeof *signer);
    if (signer == NULL) {
        err_memory(err);
        return NULL;
    }
    signer->upstream = upstream;
    signer->credential = credential;
    signer->context = keyed_context(upstream, credential->key);
    if (signer->context == NULL) {
        err_set(err, ERR_CRYPTO, "OpenSSL cannot make the HMAC of upstream '%s'", upstream->name);
        free(signer);
        return NULL;
    }
    return signer;
}

void signer_free(struct signer *signer)
{
    if (signer == NULL)
        return;
    EVP_MAC_CTX_free(signer->context);
    OPENSSL_cleanse(signer->day_key, sizeof signer->day_key);
    free(signer);
}

const struct config_credential *signer_credential(const struct signer *signer)
{
    return signer->credential;
}

int signer_mac(struct signer *signer, const struct buf *string, char out[SIGN_TEXT_MAX], struct err *err)
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    size_t length = 0;
    if (EVP_MAC_init(signer->context, NULL, 0, NULL) != 1 ||
        EVP_MAC_update(signer->context, (const unsigned char *)buf_text(string), string->length) != 1 ||
        EVP_MAC_final(signer->context, mac, &length, sizeof mac) != 1 || length > 32)
        return err_set(err, ERR_CRYPTO, "OpenSSL cannot compute the signature");
    (void)EVP_EncodeBlock((unsigned char *)out, mac, (int)length); /* 44 characters at most */
    return 0;
}

int signer_day_key(struct signer *signer, int64_t now, unsigned char *key, struct err *err)
{
    char date[SIGN_TC3_DATE];
    if (sign_tc3_date(now, date) != 0)
        return err_set(err, ERR_INPUT, "the time to sign is beyond the calendar");
    if (strcmp(date, signer->date) != 0) {
        signer->date[0] = '\0';
        if (sign_tc3_key(signer->credential->key, date, signer->upstream->name, signer->day_key, err) != 0)
            return -1;
        memcpy(signer->date, date, sizeof date);
    }
    memcpy(key, signer->day_key, sizeof signer->day_key);
    return 0;
}

/* Each part, one after the other; NULL behind the last. */
static struct buf *part(struct signed_request *request, size_t i)
{
    struct buf *const parts[] = {&request->canonical, &request->string, &request->target, &request->fields,
                                 &request->body};
    return i < COUNT(parts) ? parts[i] : NULL;
}

void signed_request_init(struct signed_request *request)
{
    memset(request, 0, sizeof *request);
    for (size_t i = 0; part(request, i) != NULL; i++)
        buf_init(part(request, i), SIGN_STRING_MAX);
}

void signed_request_rest(struct signed_request *request, size_t kept)
{
    for (size_t i = 0; part(request, i) != NULL; i++)
        buf_rest(part(request, i), kept);
}

void signed_request_done(struct signed_request *request)
{
    for (size_t i = 0; part(request, i) != NULL; i++)
        buf_done(part(request, i));
    memset(request, 0, sizeof *request);
}

enum { DIGITS_MAX = 18 }; /* of a number: it fits into 64 bits wherever it is read */

/* A number or a boolean stands in a JSON body without quotes: it must be nothing else. */
static bool is_of_type(const struct config_param *param, const char *value)
{
    size_t digits = strspn(value, "0123456789");
    if (param->type == CONFIG_INTEGER)
        return digits > 0 && digits <= DIGITS_MAX && value[digits] == '\0' &&
               (value[0] != '0' || digits == 1);
    return param->type != CONFIG_BOOLEAN || strcmp(value, "true") == 0 || strcmp(value, "false") == 0;
}

/* Nothing that was judged may be left out, and each thing must be what the catalog calls it. */
static bool is_sayable(const struct call *call, int api)
{
    for (size_t i = 0; i < call->param_count; i++) {
        const struct call_param *param = &call->params[i];
        if (param->param->wire[api].name == NULL)
            return false;
        for (size_t j = 0; j < param->count; j++)
            if (!is_of_type(param->param, param->values[j]))
                return false;
    }
    return true;
}

int sign_call(struct signer *signer, const struct call *call, int64_t now, int64_t nonce, struct arena *arena,
              struct signed_request *out, struct err *err)
{
    if (!call->sealed || call->upstream != signer->upstream || !is_sayable(call, signer->upstream->api))
        return err_set(err, ERR_INPUT, "the call is not finished"); /* a mistake of ours: nothing is signed */
    for (size_t i = 0; part(out, i) != NULL; i++)
        buf_reset(part(out, i));
    int result = signer->upstream->scheme == CONFIG_TC3
                     ? sign_tc3(signer, call, now, arena, out, err)
                     : sign_form(signer, call, now, nonce, arena, out, err);
    for (size_t i = 0; part(out, i) != NULL && result == 0; i++)
        if (part(out, i)->failed)
            result = err_set(err, ERR_LIMIT, "the request to sign exceeds %d bytes", SIGN_STRING_MAX);
    return result;
}
