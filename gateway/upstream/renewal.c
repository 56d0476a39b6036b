#include "gateway/upstream/renewal.h"

#include "base/time/deadline.h"
#include "base/secret_file.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RENEWAL_STACK = 128 * 1024 };

struct renewal {
    atomic_uint references;
    struct config_secret_file files[CONFIG_PARTS]; /* own copies of the paths */
    atomic_uint number;                            /* of `version` */
    pthread_mutex_t mutex;                         /* of what follows */
    pthread_cond_t looked;
    struct renewal_version *version; /* the newest */
    bool looking;                    /* a thread reads */
    bool failed;                     /* the last look */
    bool begun;                      /* there was one */
    int64_t look_us;                 /* when it began */
    struct err news;                 /* not told yet */
    void (*wake)(void *context);     /* of a keeper; NULL: files are read */
    void *context;
    struct err reason; /* why the keeper's last one failed */
};

static struct secret **part_of(struct config_credential *credential, int part)
{
    struct secret **const parts[] = {&credential->id, &credential->key, &credential->token};
    return parts[part];
}

/* ---- versions ---- */

void renewal_version_release(struct renewal_version *version)
{
    if (version == NULL || atomic_fetch_sub_explicit(&version->references, 1, memory_order_acq_rel) != 1)
        return;
    for (int i = 0; i < CONFIG_PARTS; i++)
        secret_free(*part_of(&version->credential, i));
    free(version);
}

static struct renewal_version *version_new(unsigned number)
{
    struct renewal_version *version = calloc(1, sizeof *version);
    if (version == NULL)
        return NULL;
    atomic_init(&version->references, 1);
    version->number = number;
    version->expires_us = RENEWAL_NEVER;
    return version;
}

static int copy_part(struct renewal_version *version, int part, const struct secret *secret)
{
    struct secret *copy = secret == NULL ? NULL : secret_new(secret_bytes(secret), secret_length(secret));
    *part_of(&version->credential, part) = copy;
    return (copy == NULL) == (secret == NULL) ? 0 : -1;
}

static int read_part(struct renewal_version *version, int part, const struct config_secret_file *file,
                     struct err *err)
{
    struct secret *secret = secret_file_read(file->path, file->is_private ? FILE_PRIVATE : FILE_PLAIN, err);
    *part_of(&version->credential, part) = secret;
    if (secret == NULL)
        return -1;
    if (!secret_file_is_clean(secret))
        return err_set(err, ERR_INPUT,
                       "'%.200s' is empty, or holds a blank or a character beyond ASCII's printable ones",
                       file->path);
    return 0;
}

struct renewal_version *renewal_version_hold(struct renewal_version *version)
{
    atomic_fetch_add_explicit(&version->references, 1, memory_order_relaxed);
    return version;
}

static bool is_same(struct renewal_version *a, struct renewal_version *b)
{
    bool same = true;
    for (int i = 0; i < CONFIG_PARTS; i++) {
        const struct secret *one = *part_of(&a->credential, i);
        const struct secret *other = *part_of(&b->credential, i);
        same = same &&
               (one == NULL || other == NULL ? one == other
                                             : secret_equal(one, secret_bytes(other), secret_length(other)));
    }
    return same;
}

/* What the files have now beside what `old` has of no file; NULL with `err` set. */
static struct renewal_version *read_version(const struct renewal *renewal, struct renewal_version *old,
                                            struct err *err)
{
    struct renewal_version *version = version_new(old->number + 1);
    int result = version == NULL ? err_memory(err) : 0;
    for (int i = 0; i < CONFIG_PARTS && result == 0; i++) {
        if (renewal->files[i].path != NULL)
            result = read_part(version, i, &renewal->files[i], err);
        else if (copy_part(version, i, *part_of(&old->credential, i)) != 0)
            result = err_memory(err);
    }
    if (result == 0)
        return version;
    renewal_version_release(version);
    return NULL;
}

/* ---- the thread that reads ---- */

/* With the mutex.  What cannot be read is told once, until it can. */
static struct renewal_version *publish(struct renewal *renewal, struct renewal_version *version,
                                       const struct err *err)
{
    struct renewal_version *old = renewal->version;
    if (version == NULL) {
        if (!renewal->failed)
            renewal->news = *err;
        renewal->failed = true;
        return NULL;
    }
    renewal->failed = false;
    if (is_same(old, version))
        return version;
    renewal->version = version;
    renewal->news = (struct err){.kind = ERR_NONE, .text = "it was replaced"};
    atomic_store_explicit(&renewal->number, version->number, memory_order_release);
    return old;
}

static struct renewal_version *take(struct renewal *renewal)
{
    (void)pthread_mutex_lock(&renewal->mutex);
    struct renewal_version *version = renewal_version_hold(renewal->version);
    (void)pthread_mutex_unlock(&renewal->mutex);
    return version;
}

static void *look(void *context)
{
    struct renewal *renewal = context;
    struct err err = {0};
    struct renewal_version *old = take(renewal); /* no other thread replaces it */
    struct renewal_version *version = read_version(renewal, old, &err);
    renewal_version_release(old);
    (void)pthread_mutex_lock(&renewal->mutex);
    struct renewal_version *unused = publish(renewal, version, &err);
    renewal->looking = false;
    (void)pthread_cond_broadcast(&renewal->looked);
    (void)pthread_mutex_unlock(&renewal->mutex);
    renewal_version_release(unused);
    renewal_release(renewal);
    return NULL;
}

/* With the mutex.  Where there is no thread to be had, the next one who asks tries again. */
static void begin_look(struct renewal *renewal, int64_t now_us)
{
    pthread_t thread;
    pthread_attr_t attributes;
    renewal->begun = true;
    renewal->look_us = now_us;
    if (renewal->wake != NULL) {
        renewal->looking = true; /* until renewal_put() */
        renewal->wake(renewal->context);
        return;
    }
    if (pthread_attr_init(&attributes) != 0)
        return;
    (void)pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    (void)pthread_attr_setstacksize(&attributes, RENEWAL_STACK); /* else the default's, which is larger */
    atomic_fetch_add_explicit(&renewal->references, 1, memory_order_relaxed);
    renewal->looking = pthread_create(&thread, &attributes, look, renewal) == 0;
    if (!renewal->looking)
        atomic_fetch_sub_explicit(&renewal->references, 1, memory_order_relaxed); /* the caller has one */
    (void)pthread_attr_destroy(&attributes);
}

/* ---- from outside ---- */

static int copy_files(struct renewal *renewal, const struct config_credential *credential)
{
    int result = 0;
    for (int i = 0; i < CONFIG_PARTS; i++) {
        const struct config_secret_file *file = &credential->files[i];
        renewal->files[i].is_private = file->is_private;
        renewal->files[i].path = file->path == NULL ? NULL : strdup(file->path);
        if ((renewal->files[i].path == NULL) != (file->path == NULL))
            result = -1;
    }
    const struct secret *const parts[] = {credential->id, credential->key, credential->token};
    for (int i = 0; i < CONFIG_PARTS; i++)
        if (copy_part(renewal->version, i, parts[i]) != 0)
            result = -1;
    return result;
}

/* Without a version. */
static struct renewal *allocate(void)
{
    struct renewal *renewal = calloc(1, sizeof *renewal);
    if (renewal == NULL)
        return NULL;
    atomic_init(&renewal->references, 1);
    if (pthread_mutex_init(&renewal->mutex, NULL) != 0) {
        free(renewal);
        return NULL;
    }
    if (deadline_cond_init(&renewal->looked) != 0) {
        (void)pthread_mutex_destroy(&renewal->mutex);
        free(renewal);
        return NULL;
    }
    return renewal;
}

int renewal_new(const struct config_credential *credential, struct renewal **out)
{
    bool any = false;
    for (int i = 0; i < CONFIG_PARTS; i++)
        any = any || credential->files[i].path != NULL;
    *out = NULL;
    if (!any)
        return 0;
    struct renewal *renewal = allocate();
    if (renewal == NULL)
        return -1;
    renewal->version = version_new(0);
    if (renewal->version == NULL || copy_files(renewal, credential) != 0) {
        renewal_release(renewal);
        return -1;
    }
    *out = renewal;
    return 0;
}

struct renewal *renewal_new_kept(void (*wake)(void *context), void *context)
{
    struct renewal *renewal = allocate();
    if (renewal != NULL) {
        renewal->wake = wake;
        renewal->context = context;
    }
    return renewal;
}

struct renewal *renewal_hold(struct renewal *renewal)
{
    if (renewal != NULL)
        atomic_fetch_add_explicit(&renewal->references, 1, memory_order_relaxed);
    return renewal;
}

void renewal_release(struct renewal *renewal)
{
    if (renewal == NULL || atomic_fetch_sub_explicit(&renewal->references, 1, memory_order_acq_rel) != 1)
        return;
    (void)pthread_cond_destroy(&renewal->looked);
    (void)pthread_mutex_destroy(&renewal->mutex);
    renewal_version_release(renewal->version);
    for (int i = 0; i < CONFIG_PARTS; i++)
        free((void *)(uintptr_t)renewal->files[i].path);
    free(renewal);
}

unsigned renewal_number(const struct renewal *renewal)
{
    return atomic_load_explicit(&renewal->number, memory_order_acquire);
}

/* With the mutex.  A keeper's first version is worth waiting for, as long as nobody knows that it fails. */
static void wait_for_first(struct renewal *renewal)
{
    const struct timespec deadline = deadline_in(RENEWAL_FETCH_MS);
    int waited = 0;
    while (renewal->version == NULL && renewal->reason.kind == ERR_NONE && waited == 0)
        waited = pthread_cond_timedwait(&renewal->looked, &renewal->mutex, &deadline);
}

struct renewal_version *renewal_take(struct renewal *renewal, int64_t now_us, struct err *err)
{
    struct renewal_version *version = NULL;
    (void)pthread_mutex_lock(&renewal->mutex);
    if (renewal->version == NULL)
        wait_for_first(renewal);
    if (renewal->version != NULL && renewal->version->expires_us > now_us)
        version = renewal_version_hold(renewal->version);
    else if (renewal->reason.kind != ERR_NONE)
        err_set(err, ERR_SYSTEM, "%s: %s", renewal->version == NULL ? "there is none yet" : "it has expired",
                renewal->reason.text);
    else
        err_set(err, ERR_SYSTEM, "%s", renewal->version == NULL ? "there is none yet" : "it has expired");
    (void)pthread_mutex_unlock(&renewal->mutex);
    return version;
}

/* ---- a keeper's ---- */

struct renewal_version *renewal_version_new(const struct config_credential *parts, int64_t expires_us)
{
    struct renewal_version *version = version_new(0);
    const struct secret *const three[] = {parts->id, parts->key, parts->token};
    if (version == NULL)
        return NULL;
    version->expires_us = expires_us;
    version->credential.name = parts->name;
    for (int i = 0; i < CONFIG_PARTS; i++) {
        if (copy_part(version, i, three[i]) != 0) {
            renewal_version_release(version);
            return NULL;
        }
    }
    return version;
}

bool renewal_put(struct renewal *renewal, struct renewal_version *version, const struct err *reason)
{
    struct renewal_version *unused = version;
    (void)pthread_mutex_lock(&renewal->mutex);
    struct renewal_version *old = renewal->version;
    bool other = version != NULL && (old == NULL || !is_same(old, version));
    renewal->looking = false;
    renewal->reason = version == NULL ? *reason : (struct err){0};
    if (version != NULL) { /* also the same one: it may have got another end */
        version->number = old == NULL ? 1 : old->number + (other ? 1 : 0);
        renewal->version = version;
        unused = old;
        atomic_store_explicit(&renewal->number, version->number, memory_order_release);
    }
    (void)pthread_cond_broadcast(&renewal->looked);
    (void)pthread_mutex_unlock(&renewal->mutex);
    renewal_version_release(unused);
    return other;
}

bool renewal_is_asked(struct renewal *renewal)
{
    (void)pthread_mutex_lock(&renewal->mutex);
    bool asked = renewal->looking;
    (void)pthread_mutex_unlock(&renewal->mutex);
    return asked;
}

/* ---- refused ---- */

/* With the mutex: is there time, or must there be a pause first?  A keeper pauses by itself. */
static bool may_look(const struct renewal *renewal, int64_t now_us)
{
    return !renewal->looking &&
           (!renewal->begun || renewal->wake != NULL || now_us - renewal->look_us >= RENEWAL_PAUSE_US);
}

/* All who were refused wait for one look, and nobody for one that hangs. */
bool renewal_ask(struct renewal *renewal, unsigned number, int64_t now_us, struct err *news)
{
    const long long patience = renewal->wake == NULL ? RENEWAL_WAIT_MS : RENEWAL_FETCH_MS;
    const struct timespec deadline = deadline_in(patience);
    (void)pthread_mutex_lock(&renewal->mutex);
    bool newer = atomic_load(&renewal->number) != number;
    if (!newer && may_look(renewal, now_us))
        begin_look(renewal, now_us);
    bool hangs = now_us - renewal->look_us > patience * 1000;
    int waited = 0;
    while (!newer && renewal->looking && !hangs && waited == 0) {
        waited = pthread_cond_timedwait(&renewal->looked, &renewal->mutex, &deadline);
        newer = atomic_load(&renewal->number) != number;
    }
    *news = renewal->news;
    renewal->news = (struct err){0};
    (void)pthread_mutex_unlock(&renewal->mutex);
    return newer;
}
