/* One file, longer than others, because it is one table under one lock: sessions are looked up, waited
 * for, fetched, renewed and evicted by threads that meet nowhere else. */
#include "gateway/keeper/sessions.h"

#include "base/time/clock.h"
#include "base/time/deadline.h"
#include "base/json/json.h"
#include "base/text.h"
#include "gateway/keeper/schedule.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

enum {
    SESSIONS_MEMBERS_MAX = 64 * 1024, /* bytes of what goes to STS: as many as the configuration's may have */
    SESSIONS_STEP_MS = 500,           /* how soon a wait notices that all is abandoned */
};

/* One client's. */
struct session {
    char *key; /* client, NUL, token's id */
    size_t key_length;
    struct renewal_version *version; /* held; NULL: none yet, or none any more */
    bool busy;                       /* a thread fetches it */
    unsigned users;                  /* calls that wait for it: not evicted */
    unsigned failures;               /* in a row */
    int64_t due_us;                  /* when it is fetched next: again, or after a failure */
    int64_t began_us;                /* when it was fetched last */
    int64_t used_us;
    struct err *reason;          /* of the last failure; NULL: it was none, or memory was out */
    struct session *prev, *next; /* the one that was used last is the last */
    UT_hash_handle hh;
};

struct sessions {
    atomic_uint references;
    char *same; /* config_issuer.same */
    char *tags; /* config_issuer.tags */
    size_t most;
    size_t most_waiting;
    const atomic_bool *abandoned;

    pthread_mutex_t mutex; /* of what follows */
    pthread_cond_t settled;
    struct session *table; /* by key */
    struct session *list;  /* by use */
    size_t count;
    unsigned flights;       /* first calls that fetch */
    size_t waiting;         /* calls that wait */
    unsigned failures;      /* of STS itself, in a row */
    int64_t pause_until_us; /* after such a one */
    struct sessions_state told;
};

/* ---- made and freed ---- */

static void session_free(struct session *session)
{
    renewal_version_release(session->version);
    free(session->reason);
    free(session->key);
    free(session);
}

struct sessions *sessions_new(const struct config_issuer *issuer, size_t workers,
                              const atomic_bool *abandoned)
{
    struct sessions *sessions = calloc(1, sizeof *sessions);
    if (sessions == NULL)
        return NULL;
    atomic_init(&sessions->references, 1);
    sessions->most = (size_t)issuer->session_limit;
    sessions->most_waiting = workers / SESSIONS_WAITING_PART + 1;
    sessions->abandoned = abandoned;
    sessions->same = strdup(issuer->same);
    sessions->tags = strdup(issuer->tags);
    if (sessions->same != NULL && sessions->tags != NULL && pthread_mutex_init(&sessions->mutex, NULL) == 0) {
        if (deadline_cond_init(&sessions->settled) == 0)
            return sessions;
        (void)pthread_mutex_destroy(&sessions->mutex);
    }
    free(sessions->tags);
    free(sessions->same);
    free(sessions);
    return NULL;
}

struct sessions *sessions_hold(struct sessions *sessions)
{
    atomic_fetch_add_explicit(&sessions->references, 1, memory_order_relaxed);
    return sessions;
}

/* With the mutex, or alone. */
static void drop(struct sessions *sessions, struct session *session)
{
    HASH_DEL(sessions->table, session);
    DL_DELETE(sessions->list, session);
    sessions->count--;
    session_free(session);
}

void sessions_release(struct sessions *sessions)
{
    if (sessions == NULL || atomic_fetch_sub_explicit(&sessions->references, 1, memory_order_acq_rel) != 1)
        return;
    while (sessions->list != NULL)
        drop(sessions, sessions->list);
    (void)pthread_cond_destroy(&sessions->settled);
    (void)pthread_mutex_destroy(&sessions->mutex);
    free(sessions->tags);
    free(sessions->same);
    free(sessions);
}

bool sessions_is_same(const struct sessions *sessions, const struct config_issuer *issuer)
{
    return strcmp(sessions->same, issuer->same) == 0;
}

/* ---- by key ---- */

enum { KEY_MAX = 256 }; /* bytes: a name has 64 at most */

static size_t write_key(const struct sessions_owner *owner, char key[KEY_MAX])
{
    struct buf out;
    buf_init_in(&out, key, KEY_MAX);
    buf_put(&out, owner->client);
    buf_put_char(&out, '\0');
    buf_put(&out, owner->token == NULL ? "" : owner->token);
    return out.failed ? 0 : out.length;
}

static const char *client_of(const struct session *session)
{
    return session->key;
}

/* With the mutex. */
static struct session *look_up(struct sessions *sessions, const struct sessions_owner *owner)
{
    char key[KEY_MAX];
    size_t length = write_key(owner, key);
    struct session *session = NULL;
    HASH_FIND(hh, sessions->table, key, length, session);
    return session;
}

/* With the mutex. */
static void note_use(struct sessions *sessions, struct session *session, int64_t now_us)
{
    session->used_us = now_us;
    DL_DELETE(sessions->list, session);
    DL_APPEND(sessions->list, session);
}

/* With the mutex.  False: all are waited for. */
static bool evict(struct sessions *sessions)
{
    struct session *session = sessions->list;
    while (session != NULL && (session->busy || session->users > 0))
        session = session->next;
    if (session == NULL)
        return false;
    drop(sessions, session);
    sessions->told.evicted++;
    return true;
}

/* With the mutex. */
static struct session *add(struct sessions *sessions, const struct sessions_owner *owner, struct err *err)
{
    char key[KEY_MAX];
    size_t length = write_key(owner, key);
    if (sessions->count >= sessions->most && !evict(sessions)) {
        err_set(err, ERR_LIMIT, "all %zu sessions of clients are being fetched", sessions->most);
        return NULL;
    }
    struct session *session = calloc(1, sizeof *session);
    if (session != NULL)
        session->key = malloc(KEY_MAX);
    if (session == NULL || session->key == NULL) {
        free(session);
        err_memory(err);
        return NULL;
    }
    memcpy(session->key, key, length);
    session->key_length = length;
    HASH_ADD_KEYPTR(hh, sessions->table, session->key, session->key_length, session);
    if (session->hh.tbl == NULL) { /* uthash could not grow */
        session_free(session);
        err_memory(err);
        return NULL;
    }
    DL_APPEND(sessions->list, session);
    sessions->count++;
    return session;
}

static bool lives(const struct session *session, int64_t now_us)
{
    return session->version != NULL && session->version->expires_us > now_us;
}

/* ---- a fetch ---- */

void sessions_put_members(const struct sessions_owner *owner, const char *tags, struct buf *out)
{
    char name[KEY_MAX];
    struct buf text;
    buf_init_in(&text, name, sizeof name);
    buf_put(&text, owner->client);
    if (text.length == 1)
        buf_put_char(&text, '-'); /* two characters at least */
    json_member(out, "RoleSessionName", buf_text(&text));
    json_open_array(out, "Tags");
    buf_put(out, tags);
    const char *const own[][2] = {{"client", owner->client}, {"token", owner->token}};
    for (size_t i = 0; i < COUNT(own); i++) {
        if (own[i][1] == NULL)
            continue;
        json_open(out);
        json_member(out, "Key", own[i][0]);
        json_member(out, "Value", own[i][1]);
        json_close(out);
    }
    json_close_array(out);
    out->failed = out->failed || text.failed;
}

/* It is STS that cannot, or will not: asking it for another client is of no use. */
static bool is_of_all(const struct fetch *fetch)
{
    const char *code = fetch->issued.code;
    return code[0] == '\0' || text_matches("RequestLimitExceeded*", code) ||
           text_matches("InternalError*", code) || text_matches("AuthFailure*", code);
}

/* With the mutex. */
static void note_success(struct sessions *sessions, struct session *session, struct renewal_version *version,
                         int64_t left_us, int64_t now_us)
{
    renewal_version_release(session->version);
    session->version = version;
    session->due_us = now_us + schedule_after_success(left_us, arc4random());
    session->failures = 0;
    free(session->reason);
    session->reason = NULL;
    sessions->failures = 0;
    sessions->pause_until_us = 0;
    sessions->told.good++;
    sessions->told.failing = false;
}

static void copy_reason(struct session *session, const struct err *reason)
{
    if (session->reason == NULL)
        session->reason = malloc(sizeof *session->reason);
    if (session->reason != NULL)
        *session->reason = *reason;
}

/* With the mutex. */
static void note_failure(struct sessions *sessions, struct session *session, const struct fetch *fetch,
                         const struct err *reason, int64_t now_us)
{
    int64_t left_us = lives(session, now_us) ? session->version->expires_us - now_us : 0;
    session->failures++;
    session->due_us = now_us + schedule_after_failure(session->failures, left_us, arc4random());
    copy_reason(session, reason);
    sessions->told.bad++;
    sessions->told.failing = true;
    sessions->told.reason = *reason;
    if (!is_of_all(fetch))
        return;
    sessions->failures++;
    sessions->pause_until_us = now_us + schedule_after_failure(sessions->failures, 0, arc4random());
}

/* Without the mutex; the session is busy, so that it stays. */
static void run_fetch(struct sessions *sessions, struct session *session, const struct fetch *how,
                      int64_t until_us)
{
    struct buf more;
    struct err reason = {0};
    struct renewal_version *version = NULL;
    struct fetch fetch = *how;
    const char *token = session->key + strlen(session->key) + 1;
    const size_t left = session->key_length - strlen(session->key) - 1;
    char id[KEY_MAX] = "";
    memcpy(id, token, left);
    const struct sessions_owner owner = {client_of(session), left == 0 ? NULL : id};
    buf_init(&more, SESSIONS_MEMBERS_MAX);
    sessions_put_members(&owner, sessions->tags, &more);
    fetch.more = buf_text(&more);
    fetch.until_us = until_us;
    int result = more.failed ? err_memory(&reason) : fetch_run(&fetch, &version, &reason);
    buf_done(&more);
    (void)pthread_mutex_lock(&sessions->mutex);
    int64_t now_us = clock_monotonic_us();
    session->busy = false;
    if (result == 0)
        note_success(sessions, session, version, fetch.issued.left_us, now_us);
    else
        note_failure(sessions, session, &fetch, &reason, now_us);
    (void)pthread_cond_broadcast(&sessions->settled);
    (void)pthread_mutex_unlock(&sessions->mutex);
}

/* ---- for calls ---- */

struct renewal_version *sessions_find(struct sessions *sessions, const struct sessions_owner *owner,
                                      int64_t now_us)
{
    struct renewal_version *version = NULL;
    (void)pthread_mutex_lock(&sessions->mutex);
    struct session *session = look_up(sessions, owner);
    if (session != NULL && lives(session, now_us)) {
        note_use(sessions, session, now_us);
        version = renewal_version_hold(session->version);
    }
    (void)pthread_mutex_unlock(&sessions->mutex);
    return version;
}

/* With the mutex: why it is not even asked for, if so. */
static bool is_told(const struct sessions *sessions, const struct session *session, int64_t now_us,
                    int64_t until_us, struct err *err)
{
    if (atomic_load(sessions->abandoned))
        err_set(err, ERR_SYSTEM, "the gateway ends");
    else if (session->failures > 0 && now_us < session->due_us)
        err_set(err, ERR_SYSTEM, "no session of the client: %s",
                session->reason == NULL ? "out of memory" : session->reason->text);
    else if (now_us < sessions->pause_until_us)
        err_set(err, ERR_SYSTEM, "no session of the client: %s", sessions->told.reason.text);
    else if (now_us >= until_us)
        err_set(err, ERR_SYSTEM, "no session of the client came until the call's deadline");
    return err->kind != ERR_NONE;
}

/* With the mutex.  -1: too many wait. */
static int wait_for(struct sessions *sessions, int64_t left_us, struct err *err)
{
    if (sessions->waiting >= sessions->most_waiting)
        return err_set(err, ERR_LIMIT, "%zu calls wait for sessions of their clients already",
                       sessions->most_waiting);
    const struct timespec step =
        deadline_in(left_us / 1000 < SESSIONS_STEP_MS ? left_us / 1000 + 1 : SESSIONS_STEP_MS);
    sessions->waiting++;
    (void)pthread_cond_timedwait(&sessions->settled, &sessions->mutex, &step);
    sessions->waiting--;
    return 0;
}

/* With the mutex, which is given up while it fetches. */
static void fetch_first(struct sessions *sessions, struct session *session, const struct fetch *fetch,
                        int64_t now_us, int64_t until_us)
{
    session->busy = true;
    session->began_us = now_us;
    sessions->flights++;
    (void)pthread_mutex_unlock(&sessions->mutex);
    run_fetch(sessions, session, fetch, until_us);
    (void)pthread_mutex_lock(&sessions->mutex);
    sessions->flights--;
    (void)pthread_cond_broadcast(&sessions->settled); /* there is room for another */
}

/* With the mutex. */
static void get(struct sessions *sessions, struct session *session, const struct fetch *fetch,
                int64_t until_us, struct err *err)
{
    for (;;) {
        int64_t now_us = clock_monotonic_us();
        if (lives(session, now_us) || is_told(sessions, session, now_us, until_us, err))
            return;
        if (!session->busy && sessions->flights < SESSIONS_FLIGHTS)
            fetch_first(sessions, session, fetch, now_us, until_us);
        else if (wait_for(sessions, until_us - now_us, err) != 0)
            return;
    }
}

struct renewal_version *sessions_take(struct sessions *sessions, const struct sessions_owner *owner,
                                      const struct fetch *fetch, int64_t until_us, struct err *err)
{
    struct renewal_version *version = NULL;
    (void)pthread_mutex_lock(&sessions->mutex);
    struct session *session = look_up(sessions, owner);
    if (session == NULL)
        session = add(sessions, owner, err);
    if (session != NULL) {
        note_use(sessions, session, clock_monotonic_us());
        session->users++;
        get(sessions, session, fetch, until_us, err);
        session->users--;
        if (err->kind == ERR_NONE)
            version = renewal_version_hold(session->version);
    }
    (void)pthread_mutex_unlock(&sessions->mutex);
    return version;
}

bool sessions_refuse(struct sessions *sessions, const struct sessions_owner *owner,
                     const struct renewal_version *version, int64_t now_us)
{
    bool other = true; /* it was evicted, or replaced */
    (void)pthread_mutex_lock(&sessions->mutex);
    struct session *session = look_up(sessions, owner);
    if (session != NULL && session->version == version) {
        other = now_us - session->began_us >= SCHEDULE_ASKED_US;
        if (other) {
            renewal_version_release(session->version);
            session->version = NULL;
        }
    }
    (void)pthread_mutex_unlock(&sessions->mutex);
    return other;
}

/* ---- for the keeper ---- */

struct session *sessions_due(struct sessions *sessions, int64_t now_us, int64_t *wait_us)
{
    struct session *found = NULL;
    (void)pthread_mutex_lock(&sessions->mutex);
    int64_t pause_us = sessions->pause_until_us - now_us;
    for (struct session *at = sessions->list; at != NULL && found == NULL; at = at->next) {
        if (at->busy || !lives(at, now_us) || at->used_us <= at->began_us)
            continue; /* a call fetches it, when there is one */
        int64_t left_us = at->due_us - now_us > pause_us ? at->due_us - now_us : pause_us;
        if (left_us <= 0)
            found = at;
        else if (left_us < *wait_us)
            *wait_us = left_us;
    }
    if (found != NULL) {
        found->busy = true;
        found->began_us = now_us;
    }
    (void)pthread_mutex_unlock(&sessions->mutex);
    return found;
}

void sessions_renew(struct sessions *sessions, struct session *session, const struct fetch *fetch)
{
    run_fetch(sessions, session, fetch, 0);
}

void sessions_look(struct sessions *sessions, struct sessions_state *state)
{
    (void)pthread_mutex_lock(&sessions->mutex);
    *state = sessions->told;
    state->count = sessions->count;
    (void)pthread_mutex_unlock(&sessions->mutex);
}
