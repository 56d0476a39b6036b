#include "gateway/known/current.h"

#include "base/time/clock.h"
#include "base/time/deadline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum state { ASKED, TOLD, FAILED };

struct entry {
    char *key; /* NULL: unused */
    enum state state;
    int64_t failed_us; /* monotonic */
    struct current_id id;
    UT_hash_handle hh;
};

struct current {
    pthread_mutex_t mutex;
    pthread_cond_t told;
    struct entry *table; /* uthash, by key */
    struct entry *ring;  /* CURRENT_MAX: the next one is the oldest */
    size_t next;
    unsigned waiters;
};

struct current *current_new(void)
{
    struct current *current = calloc(1, sizeof *current);
    if (current == NULL)
        return NULL;
    current->ring = calloc(CURRENT_MAX, sizeof *current->ring); /* pages come as they are used */
    if (current->ring == NULL || pthread_mutex_init(&current->mutex, NULL) != 0)
        goto no_mutex;
    if (deadline_cond_init(&current->told) != 0)
        goto no_cond;
    return current;

no_cond:
    (void)pthread_mutex_destroy(&current->mutex);
no_mutex:
    free(current->ring);
    free(current);
    return NULL;
}

void current_free(struct current *current)
{
    if (current == NULL)
        return;
    HASH_CLEAR(hh, current->table);
    for (size_t i = 0; i < CURRENT_MAX; i++)
        free(current->ring[i].key);
    (void)pthread_cond_destroy(&current->told);
    (void)pthread_mutex_destroy(&current->mutex);
    free(current->ring);
    free(current);
}

/* ---- with the mutex ---- */

static struct entry *find_entry(const struct current *current, const char *key)
{
    struct entry *entry = NULL;
    HASH_FIND_STR(current->table, key, entry);
    return entry;
}

/* In the oldest one's place; NULL where somebody still asks for that, or memory is out. */
static struct entry *add_entry(struct current *current, const char *key)
{
    struct entry *entry = &current->ring[current->next];
    char *copy = entry->key != NULL && entry->state == ASKED ? NULL : strdup(key);
    if (copy == NULL)
        return NULL;
    if (entry->key != NULL)
        HASH_DEL(current->table, entry);
    free(entry->key);
    *entry = (struct entry){.key = copy};
    HASH_ADD_KEYPTR(hh, current->table, entry->key, strlen(entry->key), entry);
    if (entry->hh.tbl == NULL) {
        free(entry->key);
        entry->key = NULL;
        return NULL;
    }
    current->next = (current->next + 1) % CURRENT_MAX;
    return entry;
}

/* The entry may have gone to another key meanwhile: it is looked for anew. */
static const struct entry *wait_for(struct current *current, const char *key)
{
    const struct timespec deadline = deadline_in(CURRENT_TIME_US / 1000);
    const struct entry *entry = find_entry(current, key);
    int waited = 0;
    if (current->waiters >= CURRENT_WAITERS_MAX)
        return NULL;
    current->waiters++;
    while (waited == 0 && entry != NULL && entry->state == ASKED) {
        waited = pthread_cond_timedwait(&current->told, &current->mutex, &deadline);
        entry = find_entry(current, key);
    }
    current->waiters--;
    return entry;
}

static enum current_end look(struct current *current, const char *key, struct current_id *id)
{
    struct entry *entry = find_entry(current, key);
    if (entry != NULL && entry->state == FAILED &&
        clock_monotonic_us() - entry->failed_us > CURRENT_FAILED_US) {
        entry->state = ASKED;
        return CURRENT_ASK;
    }
    if (entry == NULL)
        return add_entry(current, key) == NULL ? CURRENT_UNKNOWN : CURRENT_ASK;
    const struct entry *known = entry->state == ASKED ? wait_for(current, key) : entry;
    if (known == NULL || known->state != TOLD)
        return CURRENT_UNKNOWN;
    *id = known->id;
    return CURRENT_KNOWN;
}

enum current_end current_find(struct current *current, const char *key, struct current_id *id)
{
    (void)pthread_mutex_lock(&current->mutex);
    enum current_end end = look(current, key, id);
    (void)pthread_mutex_unlock(&current->mutex);
    return end;
}

void current_tell(struct current *current, const char *key, const char *id)
{
    (void)pthread_mutex_lock(&current->mutex);
    struct entry *entry = find_entry(current, key);
    if (entry != NULL) {
        bool fits = id != NULL && strlen(id) <= CONFIG_ID_MAX;
        entry->state = fits ? TOLD : FAILED;
        entry->failed_us = clock_monotonic_us();
        if (fits)
            (void)snprintf(entry->id.text, sizeof entry->id.text, "%s", id);
    }
    (void)pthread_cond_broadcast(&current->told);
    (void)pthread_mutex_unlock(&current->mutex);
}
