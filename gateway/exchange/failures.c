#include "gateway/exchange/failures.h"

#include <openssl/rand.h>
#include <pthread.h>
#include <stdlib.h>

enum { FAILURES_LOCKS = 64 }; /* each for some sets: two threads that refuse seldom want the same */

struct failures_entry {
    struct network source;  /* as network_source() has it */
    struct rate_state used; /* zero: the entry is nobody's */
};

struct failures {
    uint64_t seed[2]; /* so that nobody can aim at a set */
    pthread_mutex_t locks[FAILURES_LOCKS];
    struct failures_entry entries[FAILURES_SETS][FAILURES_WAYS];
};

struct failures *failures_new(void)
{
    struct failures *failures =
        calloc(1, sizeof *failures); /* the kernel's pages, taken as they are needed */
    if (failures == NULL)
        return NULL;
    if (RAND_bytes((unsigned char *)failures->seed, sizeof failures->seed) != 1) {
        free(failures);
        return NULL;
    }
    for (size_t i = 0; i < FAILURES_LOCKS; i++)
        (void)pthread_mutex_init(&failures->locks[i], NULL); /* takes no memory on Linux: it cannot fail */
    return failures;
}

void failures_free(struct failures *failures)
{
    if (failures == NULL)
        return;
    for (size_t i = 0; i < FAILURES_LOCKS; i++)
        (void)pthread_mutex_destroy(&failures->locks[i]);
    free(failures);
}

static int64_t full_at(const struct failures_entry *entry)
{
    return atomic_load_explicit(&entry->used.full_at_us, memory_order_relaxed);
}

/* With the set's lock: the address's entry; or a new one, in the place of that which is free to fail, or will
 * be first. */
static struct failures_entry *find(struct failures_entry *set, const struct network *source)
{
    struct failures_entry *first = &set[0];
    for (size_t i = 0; i < FAILURES_WAYS; i++) {
        if (full_at(&set[i]) != 0 && network_is_same(&set[i].source, source))
            return &set[i];
        if (full_at(&set[i]) < full_at(first))
            first = &set[i];
    }
    first->source = *source;
    atomic_init(&first->used.full_at_us, 0);
    return first;
}

int64_t failures_add(struct failures *failures, const struct rate *rate, const struct network *source,
                     int64_t now_us)
{
    const struct network key = network_source(source);
    size_t index = network_hash(&key, failures->seed) % FAILURES_SETS;
    pthread_mutex_t *lock = &failures->locks[index % FAILURES_LOCKS];
    (void)pthread_mutex_lock(lock);
    struct rate_verdict verdict = rate_take(rate, &find(failures->entries[index], &key)->used, now_us);
    (void)pthread_mutex_unlock(lock);
    return verdict.allowed ? 0 : verdict.wait_us;
}
