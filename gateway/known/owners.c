#include "gateway/known/owners.h"

#include "base/buf.h"
#include "config/model/config.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { OWNERS_NAME = 64, OWNERS_KEY = 4 * (OWNERS_NAME + 1) };

struct owned {
    char key[OWNERS_KEY]; /* "vpc ap-guangzhou DescribeVpcTaskResult 135254" */
    char client[OWNERS_NAME + 1];
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
    HASH_FIND_STR(owners->table, key, entry);
    return entry;
}

static void take_out(struct owners *owners, struct owned *entry)
{
    if (entry->hh.tbl != NULL)
        HASH_DEL(owners->table, entry);
    entry->hh.tbl = NULL;
    entry->key[0] = '\0';
}

void owners_remember(struct owners *owners, const struct call *call, const struct config_route *status,
                     const char *task, const char *client)
{
    char key[OWNERS_KEY];
    size_t length = strlen(client);
    if (length > OWNERS_NAME || !write_key(key, call, status, task))
        return;
    (void)pthread_mutex_lock(&owners->mutex);
    struct owned *entry = find(owners, key);
    if (entry == NULL) {
        entry = &owners->ring[owners->next];
        owners->next = (owners->next + 1) % OWNERS_MAX;
        take_out(owners, entry);
        memcpy(entry->key, key, sizeof key);
        HASH_ADD_STR(owners->table, key, entry);
    }
    memcpy(entry->client, client, length + 1);
    (void)pthread_mutex_unlock(&owners->mutex);
}

enum policy_owner owners_find(struct owners *owners, const struct call *call, const char *client)
{
    char key[OWNERS_KEY];
    enum policy_owner owner = POLICY_OWNER_UNKNOWN;
    if (call->param_count != 1 || call->params[0].count != 1 ||
        !write_key(key, call, call->route, call->params[0].values[0]))
        return owner;
    (void)pthread_mutex_lock(&owners->mutex);
    const struct owned *entry = find(owners, key);
    if (entry != NULL)
        owner = strcmp(entry->client, client) == 0 ? POLICY_OWNER_CALLER : POLICY_OWNER_OTHER;
    (void)pthread_mutex_unlock(&owners->mutex);
    return owner;
}
