#include "auth/sign/signer.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdlib.h>
#include <string.h>

struct signer {
    const struct config_upstream *upstream;
    const struct config_credential *credential;
    struct signer_day day;
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
    OPENSSL_cleanse(&signer->day, sizeof signer->day);
    free(signer);
}

const struct config_credential *signer_credential(const struct signer *signer)
{
    return signer->credential;
}

const struct config_upstream *signer_upstream(const struct signer *signer)
{
    return signer->upstream;
}

struct signer_day *signer_day(struct signer *signer)
{
    return &signer->day;
}

int signer_mac(struct signer *signer, const struct buf *string, char out[SIGNER_TEXT_MAX], struct err *err)
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
