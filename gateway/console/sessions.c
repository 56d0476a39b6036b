#include "gateway/console/sessions.h"

#include "base/secret.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct sessions {
    pthread_mutex_t mutex; /* guards the rest */
    struct session items[SESSIONS_MAX];
};

struct sessions *sessions_new(struct err *err)
{
    struct sessions *sessions = calloc(1, sizeof *sessions);
    if (sessions == NULL || pthread_mutex_init(&sessions->mutex, NULL) != 0) {
        (void)err_memory(err);
        free(sessions);
        return NULL;
    }
    return sessions;
}

void sessions_free(struct sessions *sessions)
{
    if (sessions == NULL)
        return;
    (void)pthread_mutex_destroy(&sessions->mutex);
    free(sessions);
}

static bool is_over(const struct session *session, int64_t now_ms)
{
    return session->name[0] == '\0' || now_ms - session->used_ms >= SESSIONS_IDLE_MS ||
           now_ms - session->began_ms >= SESSIONS_LONGEST_MS;
}

static struct session *place_for_one(struct sessions *sessions, int64_t now_ms)
{
    struct session *idlest = &sessions->items[0];
    for (size_t i = 0; i < SESSIONS_MAX; i++) {
        if (is_over(&sessions->items[i], now_ms))
            return &sessions->items[i];
        if (sessions->items[i].used_ms < idlest->used_ms)
            idlest = &sessions->items[i];
    }
    return idlest;
}

int sessions_begin(struct sessions *sessions, const unsigned char *digest, int64_t now_ms,
                   struct session *begun)
{
    *begun = (struct session){.began_ms = now_ms, .used_ms = now_ms};
    memcpy(begun->digest, digest, sizeof begun->digest);
    if (token_make(begun->name) != 0 || token_make(begun->form) != 0)
        return -1;
    (void)pthread_mutex_lock(&sessions->mutex);
    *place_for_one(sessions, now_ms) = *begun;
    (void)pthread_mutex_unlock(&sessions->mutex);
    return 0;
}

/* All are looked at, each in constant time: how long it takes says nothing of any name. */
static struct session *find(struct sessions *sessions, const char *name)
{
    struct session *found = NULL;
    if (strlen(name) != TOKEN_TEXT_SIZE - 1)
        return NULL;
    for (size_t i = 0; i < SESSIONS_MAX; i++)
        if (secret_equal_bytes(sessions->items[i].name, name, TOKEN_TEXT_SIZE - 1))
            found = &sessions->items[i];
    return found;
}

bool sessions_find(struct sessions *sessions, const char *name, int64_t now_ms, struct session *found)
{
    (void)pthread_mutex_lock(&sessions->mutex);
    struct session *session = find(sessions, name);
    bool there = session != NULL && !is_over(session, now_ms);
    if (there) {
        session->used_ms = now_ms;
        *found = *session;
    }
    (void)pthread_mutex_unlock(&sessions->mutex);
    return there;
}

void sessions_end(struct sessions *sessions, const char *name)
{
    (void)pthread_mutex_lock(&sessions->mutex);
    struct session *session = find(sessions, name);
    if (session != NULL)
        *session = (struct session){0};
    (void)pthread_mutex_unlock(&sessions->mutex);
}
