#include "base/secret.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

struct secret {
    size_t length;
    char bytes[];
};

struct secret *secret_new(const void *bytes, size_t length)
{
    if (length > SECRET_MAX)
        return NULL;
    struct secret *secret = malloc(sizeof *secret + length + 1);
    if (secret == NULL)
        return NULL;
    secret->length = length;
    if (length > 0)
        memcpy(secret->bytes, bytes, length);
    secret->bytes[length] = '\0';
    return secret;
}

void secret_free(struct secret *secret)
{
    if (secret == NULL)
        return;
    OPENSSL_cleanse(secret, sizeof *secret + secret->length + 1);
    free(secret);
}

const char *secret_bytes(const struct secret *secret)
{
    return secret->bytes;
}

size_t secret_length(const struct secret *secret)
{
    return secret->length;
}

bool secret_equal(const struct secret *secret, const void *bytes, size_t length)
{
    return secret->length == length && secret_equal_bytes(secret->bytes, bytes, length);
}

bool secret_equal_bytes(const void *a, const void *b, size_t length)
{
    return CRYPTO_memcmp(a, b, length) == 0;
}
