#include "base/digest.h"

#include "base/text.h"

#include <openssl/evp.h>
#include <stdlib.h>

struct digest {
    EVP_MD_CTX *context;
    bool failed;
};

struct digest *digest_new(void)
{
    struct digest *digest = calloc(1, sizeof *digest);
    if (digest == NULL)
        return NULL;
    digest->context = EVP_MD_CTX_new();
    digest->failed = digest->context == NULL || EVP_DigestInit_ex(digest->context, EVP_sha256(), NULL) != 1;
    return digest;
}

void digest_add(struct digest *digest, const void *bytes, size_t length)
{
    if (digest != NULL && !digest->failed)
        digest->failed = EVP_DigestUpdate(digest->context, bytes, length) != 1;
}

int digest_end(struct digest *digest, char out[DIGEST_TEXT_SIZE])
{
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    int result = -1;
    out[0] = '\0';
    if (digest == NULL)
        return -1;
    if (!digest->failed && EVP_DigestFinal_ex(digest->context, bytes, &length) == 1 &&
        2 * length < DIGEST_TEXT_SIZE) {
        text_hex(bytes, length, out);
        result = 0;
    }
    EVP_MD_CTX_free(digest->context);
    free(digest);
    return result;
}
