#include "gateway/web/logins.h"

#include "base/secret.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct logins {
    pthread_mutex_t mutex; /* guards the rest */
    struct login items[LOGINS_MAX];
};

struct logins *logins_new(struct err *err)
{
    struct logins *sessions = calloc(1, sizeof *sessions);
    if (sessions == NULL || pthread_mutex_init(&sessions->mutex, NULL) != 0) {
        (void)err_memory(err);
        free(sessions);
        return NULL;
    }
    return sessions;
}

void logins_free(struct logins *sessions)
{
    if (sessions == NULL)
        return;
    (void)pthread_mutex_destroy(&sessions->mutex);
    free(sessions);
}

static bool is_over(const struct login *session, int64_t now_ms)
{
    return session->name[0] == '\0' || now_ms - session->used_ms >= LOGINS_IDLE_MS ||
           now_ms - session->began_ms >= LOGINS_LONGEST_MS;
}

static struct login *place_for_one(struct logins *sessions, int64_t now_ms)
{
    struct login *idlest = &sessions->items[0];
    for (size_t i = 0; i < LOGINS_MAX; i++) {
        if (is_over(&sessions->items[i], now_ms))
            return &sessions->items[i];
        if (sessions->items[i].used_ms < idlest->used_ms)
            idlest = &sessions->items[i];
    }
    return idlest;
}

int logins_begin(struct logins *sessions, const unsigned char *digest, int64_t now_ms, struct login *begun)
{
    *begun = (struct login){.began_ms = now_ms, .used_ms = now_ms};
    memcpy(begun->digest, digest, sizeof begun->digest);
    if (token_make(begun->name) != 0 || token_make(begun->form) != 0)
        return -1;
    (void)pthread_mutex_lock(&sessions->mutex);
    *place_for_one(sessions, now_ms) = *begun;
    (void)pthread_mutex_unlock(&sessions->mutex);
    return 0;
}

/* All are looked at, each in constant time: how long it takes says nothing of any name. */
static struct login *find(struct logins *sessions, const char *name)
{
    struct login *found = NULL;
    if (strlen(name) != TOKEN_TEXT_SIZE - 1)
        return NULL;
    for (size_t i = 0; i < LOGINS_MAX; i++)
        if (secret_equal_bytes(sessions->items[i].name, name, TOKEN_TEXT_SIZE - 1))
            found = &sessions->items[i];
    return found;
}

bool logins_find(struct logins *sessions, const char *name, int64_t now_ms, struct login *found)
{
    (void)pthread_mutex_lock(&sessions->mutex);
    struct login *session = find(sessions, name);
    bool there = session != NULL && !is_over(session, now_ms);
    if (there) {
        session->used_ms = now_ms;
        *found = *session;
    }
    (void)pthread_mutex_unlock(&sessions->mutex);
    return there;
}

void logins_end(struct logins *sessions, const char *name)
{
    (void)pthread_mutex_lock(&sessions->mutex);
    struct login *session = find(sessions, name);
    if (session != NULL)
        *session = (struct login){0};
    (void)pthread_mutex_unlock(&sessions->mutex);
}
