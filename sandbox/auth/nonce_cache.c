#include "sandbox/auth/nonce_cache.h"

#include "base/buf.h"

#include <openssl/sha.h>
#include <pthread.h>
#include <stdlib.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

enum { TRIPLE_MAX = 1024 * 1024 + 64 };

/* A digest stands for the triple: every entry has the same small size, however long the caller's values. */
struct entry {
    unsigned char digest[SHA256_DIGEST_LENGTH];
    int64_t until;
    UT_hash_handle hh;
};

struct nonce_cache {
    pthread_mutex_t lock;
    struct entry *entries; /* in the order of their arrival */
    int64_t keep;
    size_t capacity;
};

struct nonce_cache *nonce_cache_new(int64_t keep, size_t capacity)
{
    struct nonce_cache *replay = calloc(1, sizeof *replay);
    if (replay == NULL || pthread_mutex_init(&replay->lock, NULL) != 0) {
        free(replay);
        return NULL;
    }
    replay->keep = keep;
    replay->capacity = capacity;
    return replay;
}

static void forget_oldest(struct nonce_cache *replay)
{
    struct entry *oldest = replay->entries;
    HASH_DEL(replay->entries, oldest);
    free(oldest);
}

void nonce_cache_free(struct nonce_cache *replay)
{
    if (replay == NULL)
        return;
    while (replay->entries != NULL)
        forget_oldest(replay);
    pthread_mutex_destroy(&replay->lock);
    free(replay);
}

/* A skewed clock may jump back: an entry that then seems to live long still counts against the capacity. */
static void make_room(struct nonce_cache *replay, int64_t now)
{
    while (replay->entries != NULL &&
           (replay->entries->until < now || HASH_COUNT(replay->entries) >= replay->capacity))
        forget_oldest(replay);
}

static enum nonce_cache_verdict remember(struct nonce_cache *replay, const unsigned char *digest, int64_t now)
{
    struct entry *entry = NULL;
    make_room(replay, now);
    HASH_FIND(hh, replay->entries, digest, SHA256_DIGEST_LENGTH, entry);
    if (entry != NULL)
        return NONCE_CACHE_SEEN;
    entry = calloc(1, sizeof *entry);
    if (entry == NULL)
        return NONCE_CACHE_NO_MEMORY;
    memcpy(entry->digest, digest, sizeof entry->digest);
    entry->until = now + replay->keep;
    HASH_ADD(hh, replay->entries, digest, sizeof entry->digest, entry);
    if (entry->hh.tbl == NULL) { /* uthash could not grow */
        free(entry);
        return NONCE_CACHE_NO_MEMORY;
    }
    return NONCE_CACHE_FRESH;
}

enum nonce_cache_verdict nonce_cache_check(struct nonce_cache *replay, const char *secret_id,
                                           const char *timestamp, const char *nonce, int64_t now)
{
    struct buf triple;
    unsigned char digest[SHA256_DIGEST_LENGTH];
    buf_init(&triple, TRIPLE_MAX);
    buf_put_bytes(&triple, secret_id, strlen(secret_id) + 1); /* the NUL parts them: no value holds one */
    buf_put_bytes(&triple, timestamp, strlen(timestamp) + 1);
    buf_put(&triple, nonce);
    bool hashed =
        !triple.failed && SHA256((const unsigned char *)buf_text(&triple), triple.length, digest) != NULL;
    buf_done(&triple);
    if (!hashed)
        return NONCE_CACHE_NO_MEMORY;
    pthread_mutex_lock(&replay->lock);
    enum nonce_cache_verdict verdict = remember(replay, digest, now);
    pthread_mutex_unlock(&replay->lock);
    return verdict;
}
