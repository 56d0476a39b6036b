#include "gateway/known/unsettled.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct entry {
    struct entry *next;
    struct state_key key;
    int64_t keep_ms;
    const char *answer; /* behind the key's texts, in `bytes`; NULL: release */
    size_t length, size;
    char bytes[];
};

struct list {
    struct entry *first, *last;
};

struct unsettled {
    pthread_mutex_t mutex; /* guards the lists */
    struct list answers, releases;
    size_t bytes;
    atomic_size_t count;
};

struct unsettled *unsettled_new(void)
{
    struct unsettled *unsettled = calloc(1, sizeof *unsettled);
    if (unsettled != NULL && pthread_mutex_init(&unsettled->mutex, NULL) != 0) {
        free(unsettled);
        return NULL;
    }
    return unsettled;
}

static void free_all(struct list *list)
{
    while (list->first != NULL) {
        struct entry *entry = list->first;
        list->first = entry->next;
        free(entry);
    }
}

void unsettled_free(struct unsettled *unsettled)
{
    if (unsettled == NULL)
        return;
    free_all(&unsettled->answers);
    free_all(&unsettled->releases);
    (void)pthread_mutex_destroy(&unsettled->mutex);
    free(unsettled);
}

static const char *keep(char **at, const char *bytes, size_t length)
{
    char *copy = memcpy(*at, bytes, length);
    *at += length;
    return copy;
}

static struct entry *entry_new(const struct state_key *key, int64_t keep_ms, const char *answer,
                               size_t length)
{
    const char *texts[] = {key->client, key->key, key->print, key->holder};
    size_t size = length;
    for (size_t i = 0; i < COUNT(texts); i++)
        size += strlen(texts[i]) + 1;
    struct entry *entry = malloc(sizeof *entry + size);
    if (entry == NULL)
        return NULL;
    *entry = (struct entry){.keep_ms = keep_ms, .length = length, .size = size};
    char *at = entry->bytes;
    entry->key.client = keep(&at, key->client, strlen(key->client) + 1);
    entry->key.key = keep(&at, key->key, strlen(key->key) + 1);
    entry->key.print = keep(&at, key->print, strlen(key->print) + 1);
    entry->key.holder = keep(&at, key->holder, strlen(key->holder) + 1);
    entry->answer = answer == NULL ? NULL : keep(&at, answer, length);
    return entry;
}

static struct list *list_of(struct unsettled *unsettled, const struct entry *entry)
{
    return entry->answer == NULL ? &unsettled->releases : &unsettled->answers;
}

static void append(struct list *list, struct entry *entry)
{
    if (list->first == NULL)
        list->first = entry;
    else
        list->last->next = entry;
    list->last = entry;
}

bool unsettled_put(struct unsettled *unsettled, const struct state_key *key, int64_t keep_ms,
                   const char *answer, size_t length)
{
    struct entry *entry = entry_new(key, keep_ms, answer, length);
    if (entry == NULL)
        return false;
    (void)pthread_mutex_lock(&unsettled->mutex);
    size_t most = answer == NULL ? UNSETTLED_RELEASES : UNSETTLED_COUNT;
    bool room = atomic_load(&unsettled->count) < most && unsettled->bytes + entry->size <= UNSETTLED_BYTES;
    if (room) {
        append(list_of(unsettled, entry), entry);
        unsettled->bytes += entry->size;
        atomic_fetch_add(&unsettled->count, 1);
    }
    (void)pthread_mutex_unlock(&unsettled->mutex);
    if (!room)
        free(entry);
    return room;
}

static struct entry *first(struct unsettled *unsettled)
{
    (void)pthread_mutex_lock(&unsettled->mutex);
    struct entry *entry =
        unsettled->answers.first != NULL ? unsettled->answers.first : unsettled->releases.first;
    (void)pthread_mutex_unlock(&unsettled->mutex);
    return entry;
}

/* It is still the first of its list: others only append. */
static void drop(struct unsettled *unsettled, struct entry *entry)
{
    (void)pthread_mutex_lock(&unsettled->mutex);
    list_of(unsettled, entry)->first = entry->next;
    unsettled->bytes -= entry->size;
    atomic_fetch_sub(&unsettled->count, 1);
    (void)pthread_mutex_unlock(&unsettled->mutex);
    free(entry);
}

void unsettled_tell(struct unsettled *unsettled, struct state *state)
{
    for (struct entry *entry = first(unsettled); entry != NULL; entry = first(unsettled)) {
        int result = entry->answer == NULL
                         ? state_release(state, &entry->key)
                         : state_settle(state, &entry->key, entry->keep_ms, entry->answer, entry->length);
        if (result != 0)
            return; /* away: with the next beat */
        drop(unsettled, entry);
    }
}

size_t unsettled_count(const struct unsettled *unsettled)
{
    return atomic_load(&unsettled->count);
}
