#include "gateway/limits/auth_failures.h"

#include <openssl/rand.h>
#include <pthread.h>
#include <stdlib.h>

enum { AUTH_FAILURES_LOCKS = 64 }; /* each for some sets: two threads that refuse seldom want the same */

struct auth_failures_entry {
    struct network source;  /* as network_source() has it */
    struct rate_state used; /* zero: the entry is nobody's */
};

struct auth_failures {
    uint64_t seed[2]; /* so that nobody can aim at a set */
    pthread_mutex_t locks[AUTH_FAILURES_LOCKS];
    struct auth_failures_entry entries[AUTH_FAILURES_SETS][AUTH_FAILURES_WAYS];
};

struct auth_failures *auth_failures_new(void)
{
    struct auth_failures *failures =
        calloc(1, sizeof *failures); /* the kernel's pages, taken as they are needed */
    if (failures == NULL)
        return NULL;
    if (RAND_bytes((unsigned char *)failures->seed, sizeof failures->seed) != 1) {
        free(failures);
        return NULL;
    }
    for (size_t i = 0; i < AUTH_FAILURES_LOCKS; i++)
        (void)pthread_mutex_init(&failures->locks[i], NULL); /* takes no memory on Linux: it cannot fail */
    return failures;
}

void auth_failures_free(struct auth_failures *failures)
{
    if (failures == NULL)
        return;
    for (size_t i = 0; i < AUTH_FAILURES_LOCKS; i++)
        (void)pthread_mutex_destroy(&failures->locks[i]);
    free(failures);
}

static int64_t full_at(const struct auth_failures_entry *entry)
{
    return atomic_load_explicit(&entry->used.full_at_us, memory_order_relaxed);
}

/* With the set's lock: the address's entry; or a new one, in the place of that which is free to fail, or will
 * be first. */
static struct auth_failures_entry *find(struct auth_failures_entry *set, const struct network *source)
{
    struct auth_failures_entry *first = &set[0];
    for (size_t i = 0; i < AUTH_FAILURES_WAYS; i++) {
        if (full_at(&set[i]) != 0 && network_is_same(&set[i].source, source))
            return &set[i];
        if (full_at(&set[i]) < full_at(first))
            first = &set[i];
    }
    first->source = *source;
    atomic_init(&first->used.full_at_us, 0);
    return first;
}

int64_t auth_failures_add(struct auth_failures *failures, const struct rate *rate,
                          const struct network *source, int64_t now_us)
{
    const struct network key = network_source(source);
    size_t index = network_hash(&key, failures->seed) % AUTH_FAILURES_SETS;
    pthread_mutex_t *lock = &failures->locks[index % AUTH_FAILURES_LOCKS];
    (void)pthread_mutex_lock(lock);
    struct rate_state *used = &find(failures->entries[index], &key)->used;
    rate_adapt(rate, used, now_us);
    struct rate_verdict verdict = rate_take(rate, used, now_us);
    (void)pthread_mutex_unlock(lock);
    return verdict.allowed ? 0 : verdict.wait_us;
}
