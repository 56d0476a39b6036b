/* Tables under one lock; that of keys is swept from its oldest entry on whenever it is written to.  The file
 * is longer than others for that lock. */
#include "gateway/state/memory_store.h"

#include "base/time/clock.h"
#include "gateway/state/use_table.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { MEMORY_STORE_SWEPT = 4 }; /* entries looked at for each new one: more end than begin */

/* A client's limits; there are as many as the configuration has clients. */
struct client_entry {
    struct store_bucket bucket;
    UT_hash_handle hh;
    char name[];
};

struct key_entry {
    char *id; /* the client, a NUL, the hash */
    size_t id_length;
    char *print, *holder;
    int64_t until_ms; /* of a claim; 0: settled */
    int64_t ends_ms;
    char *bytes;
    size_t length;
    UT_hash_handle hh;
};

struct freeze_entry {
    char *text;
    int64_t ends_ms;
    UT_hash_handle hh;
    char name[];
};

struct memory_store {
    pthread_mutex_t mutex;
    int64_t (*clock)(void);
    struct client_entry *clients;
    struct key_entry *keys; /* in the order in which they were written: the oldest ends first */
    struct freeze_entry *freezes;
    struct use_table uses;
    size_t bytes;
};

static int64_t monotonic_ms(void)
{
    return clock_monotonic_us() / 1000;
}

void *memory_store_new(int64_t (*clock)(void))
{
    struct memory_store *store = calloc(1, sizeof *store);
    if (store == NULL)
        return NULL;
    store->clock = clock == NULL ? monotonic_ms : clock;
    if (pthread_mutex_init(&store->mutex, NULL) == 0)
        return store;
    free(store);
    return NULL;
}

static struct memory_store *locked(void *context)
{
    struct memory_store *store = context;
    (void)pthread_mutex_lock(&store->mutex);
    return store;
}

static int unlocked(struct memory_store *store, int result)
{
    (void)pthread_mutex_unlock(&store->mutex);
    return result;
}

/* ---- limits ---- */

static struct client_entry *client_of(struct memory_store *store, const char *name)
{
    struct client_entry *entry = NULL;
    size_t length = strlen(name);
    HASH_FIND(hh, store->clients, name, length, entry);
    if (entry != NULL)
        return entry;
    entry = calloc(1, sizeof *entry + length + 1);
    if (entry == NULL)
        return NULL;
    memcpy(entry->name, name, length);
    HASH_ADD(hh, store->clients, name[0], length, entry);
    if (entry->hh.tbl != NULL)
        return entry;
    free(entry);
    return NULL;
}

static int enter(void *context, const struct state_limit *limit, struct state_verdict *verdict)
{
    struct memory_store *store = locked(context);
    struct client_entry *entry = client_of(store, limit->client);
    if (entry == NULL)
        return unlocked(store, -1);
    store_take(&entry->bucket, limit, store->clock() * 1000, verdict);
    store_place(limit, 0, verdict);
    return unlocked(store, 0);
}

/* What is in flight is kept for others, and there are none. */
static int hold(void *context, const char *client, int64_t own)
{
    (void)context;
    (void)client;
    (void)own;
    return 0;
}

/* ---- keys ---- */

static void key_free(struct memory_store *store, struct key_entry *entry)
{
    store->bytes -= entry->length;
    free(entry->id);
    free(entry->print);
    free(entry->holder);
    free(entry->bytes);
    free(entry);
}

static void key_drop(struct memory_store *store, struct key_entry *entry)
{
    HASH_DEL(store->keys, entry);
    key_free(store, entry);
}

/* Those at the front are the oldest but for different `keep_ms`: what ends later is in nobody's way. */
static void sweep(struct memory_store *store, int64_t now_ms)
{
    for (unsigned i = 0; i < MEMORY_STORE_SWEPT && store->keys != NULL && store->keys->ends_ms <= now_ms; i++)
        key_drop(store, store->keys);
}

/* The name in the table, in memory of the caller's. */
static char *id_of(const struct state_key *key, size_t *length)
{
    size_t client = strlen(key->client) + 1, hash = strlen(key->key);
    char *id = malloc(client + hash);
    if (id == NULL)
        return NULL;
    memcpy(id, key->client, client);
    memcpy(id + client, key->key, hash);
    *length = client + hash;
    return id;
}

/* *failed: memory is out. */
static struct key_entry *key_find(struct memory_store *store, const struct state_key *key, bool *failed)
{
    struct key_entry *entry = NULL;
    size_t length = 0;
    char *id = id_of(key, &length);
    *failed = id == NULL;
    if (id == NULL)
        return NULL;
    HASH_FIND(hh, store->keys, id, length, entry);
    free(id);
    if (entry == NULL || entry->ends_ms > store->clock())
        return entry;
    key_drop(store, entry);
    return NULL;
}

static bool key_set_bytes(struct memory_store *store, struct key_entry *entry, const char *bytes,
                          size_t length)
{
    if (store->bytes - entry->length + length > MEMORY_STORE_BYTES)
        return false;
    char *copy = malloc(length + 1);
    if (copy == NULL)
        return false;
    if (length > 0)
        memcpy(copy, bytes, length);
    copy[length] = '\0';
    free(entry->bytes);
    store->bytes += length - entry->length;
    entry->bytes = copy;
    entry->length = length;
    return true;
}

/* NULL: no room, or memory is out. */
static struct key_entry *key_new(struct memory_store *store, const struct state_key *key, const char *bytes,
                                 size_t length)
{
    if (HASH_COUNT(store->keys) >= MEMORY_STORE_KEYS)
        return NULL;
    struct key_entry *entry = calloc(1, sizeof *entry);
    if (entry == NULL)
        return NULL;
    entry->id = id_of(key, &entry->id_length);
    entry->print = strdup(key->print);
    entry->holder = strdup(key->holder);
    if (entry->id != NULL && entry->print != NULL && entry->holder != NULL &&
        key_set_bytes(store, entry, bytes, length)) {
        HASH_ADD_KEYPTR(hh, store->keys, entry->id, entry->id_length, entry);
        if (entry->hh.tbl != NULL)
            return entry;
    }
    key_free(store, entry);
    return NULL;
}

static enum state_claim judge(const struct key_entry *entry, const struct state_key *key, int64_t now_ms,
                              int64_t *wait_ms)
{
    if (strcmp(entry->print, key->print) != 0)
        return STATE_OTHER;
    if (entry->until_ms == 0)
        return STATE_SETTLED;
    if (strcmp(entry->holder, key->holder) == 0)
        return STATE_CLAIMED;
    if (entry->until_ms <= now_ms)
        return STATE_LAPSED;
    *wait_ms = entry->until_ms - now_ms;
    return STATE_BUSY;
}

static int claim_found(const struct memory_store *store, const struct key_entry *entry,
                       const struct state_key *key, struct arena *arena, struct state_claimed *claimed)
{
    *claimed = (struct state_claimed){.claim = STATE_CLAIMED};
    claimed->claim = judge(entry, key, store->clock(), &claimed->wait_ms);
    if (claimed->claim == STATE_CLAIMED || claimed->claim == STATE_OTHER)
        return 0;
    claimed->bytes = arena_copy(arena, entry->bytes, entry->length);
    claimed->length = entry->length;
    return claimed->bytes == NULL ? -1 : 0;
}

static int claim(void *context, const struct state_key *key, int64_t within_ms, int64_t keep_ms,
                 const char *note, struct arena *arena, struct state_claimed *claimed)
{
    bool failed;
    struct memory_store *store = locked(context);
    int64_t now_ms = store->clock();
    sweep(store, now_ms);
    struct key_entry *entry = key_find(store, key, &failed);
    if (failed)
        return unlocked(store, -1);
    if (entry != NULL)
        return unlocked(store, claim_found(store, entry, key, arena, claimed));
    entry = key_new(store, key, note, strlen(note));
    if (entry == NULL)
        return unlocked(store, -1);
    entry->until_ms = now_ms + within_ms;
    entry->ends_ms = now_ms + keep_ms;
    *claimed = (struct state_claimed){.claim = STATE_CLAIMED};
    return unlocked(store, 0);
}

static int settle(void *context, const struct state_key *key, int64_t keep_ms, const char *answer,
                  size_t length)
{
    bool failed;
    struct memory_store *store = locked(context);
    struct key_entry *entry = key_find(store, key, &failed);
    if (failed)
        return unlocked(store, -1);
    if (entry == NULL)
        entry = key_new(store, key, answer, length);
    else if (entry->until_ms == 0 || strcmp(entry->holder, key->holder) != 0)
        return unlocked(store, 0);
    else if (!key_set_bytes(store, entry, answer, length))
        entry = NULL;
    if (entry == NULL)
        return unlocked(store, -1);
    entry->until_ms = 0;
    entry->ends_ms = store->clock() + keep_ms;
    return unlocked(store, 0);
}

static int release(void *context, const struct state_key *key)
{
    bool failed;
    struct memory_store *store = locked(context);
    struct key_entry *entry = key_find(store, key, &failed);
    if (entry != NULL && entry->until_ms != 0 && strcmp(entry->holder, key->holder) == 0)
        key_drop(store, entry);
    return unlocked(store, failed ? -1 : 0);
}

/* ---- freezes ---- */

static void freeze_drop(struct memory_store *store, struct freeze_entry *entry)
{
    HASH_DEL(store->freezes, entry);
    free(entry->text);
    free(entry);
}

static void thaw_name(struct memory_store *store, const char *name)
{
    struct freeze_entry *entry = NULL;
    HASH_FIND(hh, store->freezes, name, strlen(name), entry);
    if (entry != NULL)
        freeze_drop(store, entry);
}

static int thaw(void *context, const char *name)
{
    struct memory_store *store = locked(context);
    thaw_name(store, name);
    return unlocked(store, 0);
}

static int freeze(void *context, const char *name, const char *text, int64_t for_ms)
{
    size_t length = strlen(name);
    struct memory_store *store = locked(context);
    thaw_name(store, name);
    struct freeze_entry *entry =
        HASH_COUNT(store->freezes) < STATE_FREEZES_MAX ? calloc(1, sizeof *entry + length + 1) : NULL;
    if (entry == NULL)
        return unlocked(store, -1);
    memcpy(entry->name, name, length);
    entry->ends_ms = for_ms == INT64_MAX ? INT64_MAX : store->clock() + for_ms;
    entry->text = strdup(text);
    if (entry->text != NULL)
        HASH_ADD(hh, store->freezes, name[0], length, entry);
    if (entry->hh.tbl != NULL)
        return unlocked(store, 0);
    free(entry->text);
    free(entry);
    return unlocked(store, -1);
}

static int list_freezes(struct memory_store *store, struct arena *arena, struct state_freeze **freezes,
                        size_t *count)
{
    struct freeze_entry *entry, *next;
    int64_t now_ms = store->clock();
    *count = 0;
    *freezes = arena_array(arena, HASH_COUNT(store->freezes) + 1, sizeof **freezes);
    if (*freezes == NULL)
        return -1;
    HASH_ITER(hh, store->freezes, entry, next)
    {
        if (entry->ends_ms <= now_ms) {
            freeze_drop(store, entry);
            continue;
        }
        struct state_freeze *freeze = &(*freezes)[(*count)++];
        freeze->name = arena_strdup(arena, entry->name);
        freeze->text = arena_strdup(arena, entry->text);
        freeze->left_ms = entry->ends_ms == INT64_MAX ? INT64_MAX : entry->ends_ms - now_ms;
        if (freeze->name == NULL || freeze->text == NULL)
            return -1;
    }
    return 0;
}

static int freezes(void *context, struct arena *arena, struct state_freeze **list, size_t *count)
{
    struct memory_store *store = locked(context);
    return unlocked(store, list_freezes(store, arena, list, count));
}

static int used(void *context, unsigned shard, const struct state_use *uses, size_t count, int64_t keep_ms)
{
    struct memory_store *store = locked(context);
    return unlocked(store, use_table_add(&store->uses, shard, uses, count, store->clock(), keep_ms));
}

static int list_uses(void *context, unsigned shard, struct arena *arena, struct state_use **uses,
                     size_t *count)
{
    struct memory_store *store = locked(context);
    return unlocked(store, use_table_list(&store->uses, shard, store->clock(), arena, uses, count));
}

static int announce(void *context, unsigned *seen)
{
    (void)context;
    *seen = 1;
    return 0;
}

static const char *server(const void *context)
{
    (void)context;
    return NULL;
}

static void close_store(void *context)
{
    struct memory_store *store = context;
    struct client_entry *client, *next_client;
    struct freeze_entry *frozen, *next_frozen;
    HASH_ITER(hh, store->clients, client, next_client)
    {
        HASH_DEL(store->clients, client);
        free(client);
    }
    HASH_ITER(hh, store->freezes, frozen, next_frozen)
    {
        freeze_drop(store, frozen);
    }
    while (store->keys != NULL)
        key_drop(store, store->keys);
    use_table_done(&store->uses);
    (void)pthread_mutex_destroy(&store->mutex);
    free(store);
}

const struct store_kind memory_store_kind = {"memory", false,     enter,    hold,   claim,
                                             settle,   release,   freeze,   thaw,   freezes,
                                             used,     list_uses, announce, server, close_store};
