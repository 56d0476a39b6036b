#include "gateway/known/owners.h"

#include "base/buf.h"
#include "config/model/config.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct owned {
    struct owners_task task;
    UT_hash_handle hh; /* tbl NULL: it is not in the table */
};

struct owners {
    pthread_mutex_t mutex;
    struct owned *table; /* uthash, by key */
    struct owned *ring;  /* OWNERS_MAX: the next one is the oldest */
    size_t next;
};

struct owners *owners_new(void)
{
    struct owners *owners = calloc(1, sizeof *owners);
    if (owners == NULL)
        return NULL;
    owners->ring = calloc(OWNERS_MAX, sizeof *owners->ring); /* pages come as they are used */
    if (owners->ring == NULL || pthread_mutex_init(&owners->mutex, NULL) != 0) {
        free(owners->ring);
        free(owners);
        return NULL;
    }
    return owners;
}

void owners_free(struct owners *owners)
{
    if (owners == NULL)
        return;
    HASH_CLEAR(hh, owners->table);
    (void)pthread_mutex_destroy(&owners->mutex);
    free(owners->ring);
    free(owners);
}

/* False where it does not fit: cut, it could be another's. */
static bool write_key(char key[OWNERS_KEY], const struct call *call, const struct config_route *status,
                      const char *task)
{
    struct buf text;
    buf_init_in(&text, key, OWNERS_KEY);
    buf_put(&text, config_title(call->upstream));
    buf_put_char(&text, ' ');
    buf_put(&text, call->region);
    buf_put_char(&text, ' ');
    buf_put(&text, status->action);
    buf_put_char(&text, ' ');
    buf_put(&text, task);
    return !text.failed;
}

static struct owned *find(const struct owners *owners, const char *key)
{
    struct owned *entry = NULL;
    HASH_FIND(hh, owners->table, key, strlen(key), entry);
    return entry;
}

static void take_out(struct owners *owners, struct owned *entry)
{
    if (entry->hh.tbl != NULL)
        HASH_DEL(owners->table, entry);
    *entry = (struct owned){0};
}

/* The oldest one's place. */
static struct owned *take_place(struct owners *owners, const char key[OWNERS_KEY])
{
    struct owned *entry = &owners->ring[owners->next];
    owners->next = (owners->next + 1) % OWNERS_MAX;
    take_out(owners, entry);
    memcpy(entry->task.key, key, OWNERS_KEY);
    HASH_ADD(hh, owners->table, task.key[0], strlen(key), entry);
    return entry;
}

/* What is too long is cut. */
static void copy_text(char *out, size_t size, const char *text)
{
    size_t length = strnlen(text, size - 1);
    memcpy(out, text, length);
    out[length] = '\0';
}

void owners_remember(struct owners *owners, const struct call *call, const struct config_route *status,
                     const char *task, const char *client, const char *request, int64_t now_ms)
{
    char key[OWNERS_KEY];
    if (strlen(client) > OWNERS_NAME || !write_key(key, call, status, task))
        return;
    (void)pthread_mutex_lock(&owners->mutex);
    struct owned *entry = find(owners, key);
    if (entry == NULL)
        entry = take_place(owners, key);
    entry->task.began_ms = now_ms;
    entry->task.state = NULL;
    copy_text(entry->task.client, sizeof entry->task.client, client);
    copy_text(entry->task.action, sizeof entry->task.action, call->route->action);
    copy_text(entry->task.request, sizeof entry->task.request, request);
    (void)pthread_mutex_unlock(&owners->mutex);
}

/* The key of the task that a call asks about; false: it asks about none, or about several. */
static bool write_asked(char key[OWNERS_KEY], const struct call *call)
{
    return call->param_count == 1 && call->params[0].count == 1 &&
           write_key(key, call, call->route, call->params[0].values[0]);
}

void owners_see(struct owners *owners, const struct call *call, const char *state, int64_t now_ms)
{
    char key[OWNERS_KEY];
    if (!write_asked(key, call))
        return;
    (void)pthread_mutex_lock(&owners->mutex);
    struct owned *entry = find(owners, key);
    if (entry != NULL) {
        entry->task.state = state;
        entry->task.seen_ms = now_ms;
    }
    (void)pthread_mutex_unlock(&owners->mutex);
}

enum policy_owner owners_find(struct owners *owners, const struct call *call, const char *client)
{
    char key[OWNERS_KEY];
    enum policy_owner owner = POLICY_OWNER_UNKNOWN;
    if (!write_asked(key, call))
        return owner;
    (void)pthread_mutex_lock(&owners->mutex);
    const struct owned *entry = find(owners, key);
    if (entry != NULL)
        owner = strcmp(entry->task.client, client) == 0 ? POLICY_OWNER_CALLER : POLICY_OWNER_OTHER;
    (void)pthread_mutex_unlock(&owners->mutex);
    return owner;
}

size_t owners_running(struct owners *owners, struct owners_task *tasks, size_t room)
{
    size_t count = 0;
    (void)pthread_mutex_lock(&owners->mutex);
    for (size_t i = 1; i <= OWNERS_MAX; i++) {
        const struct owned *entry = &owners->ring[(owners->next + OWNERS_MAX - i) % OWNERS_MAX];
        if (entry->task.key[0] == '\0') /* this one was never used, nor those before it */
            break;
        if (entry->task.state != NULL && strcmp(entry->task.state, "running") != 0)
            continue;
        if (count++ < room)
            tasks[count - 1] = entry->task;
    }
    (void)pthread_mutex_unlock(&owners->mutex);
    return count;
}
