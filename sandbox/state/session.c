#include "sandbox/state/session.h"

#include "base/text.h"

#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

enum { SESSION_RANDOM = 28 }; /* bytes of each part: 56 hex digits */

/* `prefix` and hex digits. */
static int put_random(const char *prefix, char out[SESSION_TEXT_SIZE])
{
    unsigned char bytes[SESSION_RANDOM];
    size_t length = strlen(prefix);
    if (RAND_bytes(bytes, sizeof bytes) != 1)
        return -1;
    memcpy(out, prefix, length);
    text_hex(bytes, sizeof bytes, out + length);
    return 0;
}

static int fill(struct state_session *session)
{
    char key[SESSION_TEXT_SIZE];
    char token[SESSION_TEXT_SIZE];
    if (put_random("AKIDtmp", session->id) != 0 || put_random("key", key) != 0 ||
        put_random("tok", token) != 0)
        return -1;
    session->account = (struct state_account){.secret_id = session->id,
                                              .secret_key = secret_new(key, strlen(key)),
                                              .token = secret_new(token, strlen(token))};
    return session->account.secret_key == NULL || session->account.token == NULL ? -1 : 0;
}

static void session_free(struct state_session *session)
{
    secret_free(session->account.secret_key);
    secret_free(session->account.token);
    free(session);
}

const struct state_session *session_begin(struct state *state, const char *name, int64_t now, int64_t seconds)
{
    struct state_session *session =
        state->session_count == STATE_MADE_MAX ? NULL : calloc(1, sizeof *session);
    if (session == NULL)
        return NULL;
    if (fill(session) != 0) {
        session_free(session);
        return NULL;
    }
    memcpy(session->name, name, strlen(name) + 1);
    session->expires = now + seconds;
    session->next = state->sessions;
    state->sessions = session;
    state->session_count++;
    return session;
}

const struct state_session *session_find(struct state *state, const char *secret_id)
{
    state_lock(state);
    const struct state_session *session = state->sessions;
    while (session != NULL && strcmp(session->id, secret_id) != 0)
        session = session->next;
    state_unlock(state);
    return session;
}

const struct state_role *session_role_named(const struct state *state, const char *name)
{
    for (size_t i = 0; i < state->role_count; i++)
        if (state->roles[i].name != NULL && strcmp(state->roles[i].name, name) == 0)
            return &state->roles[i];
    return NULL;
}

const struct state_role *session_role_of_arn(const struct state *state, const char *arn)
{
    for (size_t i = 0; i < state->role_count; i++)
        if (state->roles[i].arn != NULL && strcmp(state->roles[i].arn, arn) == 0)
            return &state->roles[i];
    return NULL;
}

const struct state_role *session_role_of_instance(const struct state *state)
{
    for (size_t i = 0; i < state->role_count; i++)
        if (state->roles[i].of_instance)
            return &state->roles[i];
    return NULL;
}

void session_free_all(struct state *state)
{
    while (state->sessions != NULL) {
        struct state_session *session = state->sessions;
        state->sessions = session->next;
        session_free(session);
    }
}
