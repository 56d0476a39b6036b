#include "base/digest.h"

#include "base/text.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

/* EVP_sha256() would be looked up again by every digest, under OpenSSL's locks: only where memory was out at
 * the first. */
static EVP_MD *fetched;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* One context of digest_of() that nobody uses now, or NULL: to make one costs half as much as a short text's
 * digest.  OpenSSL wipes what it has hashed. */
static _Atomic(EVP_MD_CTX *) spare;

static void fetch(void)
{
    fetched = EVP_MD_fetch(NULL, "SHA256", NULL);
}

static const EVP_MD *sha256(void)
{
    (void)pthread_once(&once, fetch); /* cannot fail */
    return fetched != NULL ? fetched : EVP_sha256();
}

static EVP_MD_CTX *take_context(void)
{
    EVP_MD_CTX *context = atomic_exchange_explicit(&spare, NULL, memory_order_acquire);
    return context == NULL ? EVP_MD_CTX_new() : context;
}

static void give_context(EVP_MD_CTX *context)
{
    EVP_MD_CTX_free(atomic_exchange_explicit(&spare, context, memory_order_acq_rel));
}

int digest_of(const void *bytes, size_t length, unsigned char out[DIGEST_BYTES])
{
    unsigned size = 0;
    EVP_MD_CTX *context = take_context();
    bool good = context != NULL && EVP_DigestInit_ex(context, sha256(), NULL) == 1 &&
                EVP_DigestUpdate(context, bytes, length) == 1 &&
                EVP_DigestFinal_ex(context, out, &size) == 1 && size == DIGEST_BYTES;
    give_context(context);
    return good ? 0 : -1;
}

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
    digest->failed = digest->context == NULL || EVP_DigestInit_ex(digest->context, sha256(), NULL) != 1;
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
