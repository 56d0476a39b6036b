#include "gateway/keeper/keeper.h"

#include "base/time/clock.h"
#include "base/time/deadline.h"
#include "base/log/operator_log.h"
#include "gateway/keeper/fetch.h"
#include "gateway/keeper/schedule.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    KEEPER_LOOK_US = 1000000, /* between two looks where nothing is due */
    KEEPER_PARENT_US = 50000, /* until the one that it is assumed from may be there */
    KEEPER_STACK = 256 * 1024,
};

struct keeper {
    struct log *notices;
    int bell; /* an eventfd: somebody asked, or we end; readable until it has rung for every thread */
    atomic_bool ending;
    pthread_t threads[KEEPER_THREADS];
    size_t started;
    pthread_mutex_t mutex;   /* which generation is in force, and what is known of its credentials */
    pthread_cond_t settled;  /* a fetch has ended */
    struct keeping *keeping; /* in force; NULL: none yet */
};

/* ---- what is due ---- */

static void ring(void *context)
{
    struct keeper *keeper = context;
    (void)eventfd_write(keeper->bell, 1); /* cannot fail: it is far from its limit, or rings already */
}

static int64_t now_or_after(int64_t now_us, int64_t at_us)
{
    return at_us > now_us ? at_us : now_us;
}

/* With the mutex.  Refused by the cloud: at once, but once a second at most. */
static void hear(struct keeping_entry *entry, int64_t now_us)
{
    int64_t at_us = now_or_after(now_us, entry->began_us + SCHEDULE_ASKED_US);
    if (!entry->busy && entry->tried && entry->due_us > at_us && renewal_is_asked(entry->renewal))
        entry->due_us = at_us;
}

/* The one that it is assumed from has yet to come. */
static bool waits_for_parent(const struct keeping *keeping, size_t index)
{
    const struct config_credential *from = keeping->config->credentials[index].issuer->from;
    const struct keeping_entry *parent =
        from == NULL ? NULL : keeping->entries[from - keeping->config->credentials];
    return parent != NULL && !parent->tried;
}

/* With the mutex.  The place of one that is due, or the number of all and how long there is nothing to do. */
static size_t find_due(const struct keeping *keeping, int64_t now_us, int64_t *wait_us)
{
    *wait_us = KEEPER_LOOK_US;
    for (size_t i = 0; i < keeping->count; i++) {
        struct keeping_entry *entry = keeping->entries[i];
        if (entry == NULL || entry->busy)
            continue;
        hear(entry, now_us);
        int64_t wait = waits_for_parent(keeping, i) ? KEEPER_PARENT_US : entry->due_us - now_us;
        if (wait <= 0)
            return i;
        if (wait < *wait_us)
            *wait_us = wait;
    }
    return keeping->count;
}

/* ---- a fetch ---- */

/* One fetch that was begun: the generation is held. */
struct errand {
    struct keeping *keeping;
    size_t index;
    struct keeping_entry *entry; /* NULL: of a session of a client */
    struct session *session;
    struct err err;
    int64_t left_us; /* of a good one */
    bool from_refused;
};

static int run_fetch(struct errand *errand)
{
    struct renewal_version *version = NULL;
    struct fetch fetch = keeping_fetch(errand->keeping, errand->index);
    int result = fetch_run(&fetch, &version, &errand->err);
    errand->from_refused = fetch.from_refused;
    errand->left_us = fetch.issued.left_us;
    if (result == 0)
        (void)renewal_put(errand->entry->renewal, version, NULL);
    return result;
}

/* "; the one that it has is good for 57 minutes" */
static void tell_failure(const struct keeper *keeper, const char *name, const struct err *reason,
                         int64_t left_us)
{
    long long minutes = left_us / 60000000;
    if (left_us <= 0)
        operator_log_warn(keeper->notices, "credential '%s' cannot be fetched, and there is none: %s", name,
                          reason->text);
    else
        operator_log_warn(keeper->notices,
                          "credential '%s' cannot be fetched: %s; the one that is there lives for %lld %s",
                          name, reason->text, minutes > 0 ? minutes : (long long)(left_us / 1000000),
                          minutes > 0 ? "minutes" : "seconds");
}

/* With the mutex. */
static void note_success(struct keeping_entry *entry, const struct errand *errand, int64_t now_us)
{
    entry->good++;
    entry->failures = 0;
    entry->reason = (struct err){0};
    entry->expires_us = now_us + errand->left_us;
    entry->life_us = errand->left_us;
    entry->due_us = now_us + schedule_after_success(errand->left_us, arc4random());
}

/* With the mutex. */
static void note_failure(struct keeping_entry *entry, const struct errand *errand, int64_t now_us)
{
    entry->bad++;
    entry->failures++;
    entry->reason = errand->err;
    entry->due_us =
        now_us + schedule_after_failure(entry->failures, entry->expires_us - now_us, arc4random());
}

/* With the mutex.  What signs for it was refused: that one comes first. */
static void ask_parent(const struct errand *errand, int64_t now_us)
{
    const struct keeping *keeping = errand->keeping;
    const struct config_credential *from = keeping->config->credentials[errand->index].issuer->from;
    struct keeping_entry *parent =
        from == NULL ? NULL : keeping->entries[from - keeping->config->credentials];
    if (parent == NULL || !errand->from_refused || parent->busy)
        return;
    int64_t at_us = now_or_after(now_us, parent->began_us + SCHEDULE_ASKED_US);
    if (parent->due_us > at_us)
        parent->due_us = at_us;
}

/* Takes the mutex.  What was known of it before decides what is told: one line a change. */
static void settle(struct keeper *keeper, const struct errand *errand, int result)
{
    struct keeping_entry *entry = errand->entry;
    const char *name = errand->keeping->config->credentials[errand->index].name;
    (void)pthread_mutex_lock(&keeper->mutex);
    int64_t now_us = clock_monotonic_us();
    bool was_failing = entry->failures > 0;
    entry->busy = false;
    entry->tried = true;
    if (result == 0)
        note_success(entry, errand, now_us);
    else
        note_failure(entry, errand, now_us);
    ask_parent(errand, now_us);
    int64_t left_us = entry->expires_us - now_us;
    (void)pthread_cond_broadcast(&keeper->settled);
    (void)pthread_mutex_unlock(&keeper->mutex);
    if (result != 0 && !was_failing && !atomic_load(&keeper->ending))
        tell_failure(keeper, name, &errand->err, left_us);
    else if (result == 0 && was_failing)
        operator_log_write(keeper->notices, "credential '%s' is fetched again", name);
}

static void go_for_all(struct keeper *keeper, struct errand *errand)
{
    int result = run_fetch(errand);
    if (result != 0)
        (void)renewal_put(errand->entry->renewal, NULL, &errand->err);
    settle(keeper, errand, result);
    keeping_entry_release(errand->entry);
}

static void go(struct keeper *keeper, struct errand *errand)
{
    const struct fetch fetch = keeping_fetch(errand->keeping, errand->index);
    if (errand->session == NULL)
        go_for_all(keeper, errand);
    else
        sessions_renew(errand->keeping->sessions[errand->index], errand->session, &fetch);
    errand->keeping->owner.release(errand->keeping->owner.context);
}

/* ---- the threads ---- */

/* With the mutex.  What all sign with comes before what one client does. */
static bool find_errand(struct keeping *keeping, struct errand *errand, int64_t *wait_us)
{
    int64_t now_us = clock_monotonic_us();
    errand->index = find_due(keeping, now_us, wait_us);
    if (errand->index < keeping->count) {
        errand->entry = keeping_entry_hold(keeping->entries[errand->index]);
        errand->entry->busy = true;
        errand->entry->began_us = now_us;
        return true;
    }
    for (size_t i = 0; i < keeping->count && errand->session == NULL; i++) {
        errand->index = i;
        if (keeping->sessions[i] != NULL)
            errand->session = sessions_due(keeping->sessions[i], now_us, wait_us);
    }
    return errand->session != NULL;
}

/* False: nothing is due for *wait_us. */
static bool begin(struct keeper *keeper, struct errand *errand, int64_t *wait_us)
{
    *errand = (struct errand){.keeping = NULL};
    *wait_us = KEEPER_LOOK_US;
    (void)pthread_mutex_lock(&keeper->mutex);
    struct keeping *keeping = keeper->keeping;
    bool any = keeping != NULL && find_errand(keeping, errand, wait_us);
    if (any) {
        keeping->owner.hold(keeping->owner.context);
        errand->keeping = keeping;
    }
    (void)pthread_mutex_unlock(&keeper->mutex);
    return any;
}

static void wait_for_bell(const struct keeper *keeper, int64_t wait_us)
{
    eventfd_t count;
    struct pollfd bell = {.fd = keeper->bell, .events = POLLIN};
    if (poll(&bell, 1, (int)(wait_us / 1000) + 1) > 0 && !atomic_load(&keeper->ending))
        (void)eventfd_read(keeper->bell, &count); /* another thread may have been faster */
}

static void *work(void *context)
{
    struct keeper *keeper = context;
    struct errand errand;
    int64_t wait_us = 0;
    while (!atomic_load(&keeper->ending)) {
        if (begin(keeper, &errand, &wait_us))
            go(keeper, &errand);
        else
            wait_for_bell(keeper, wait_us);
    }
    return NULL;
}

static int begin_threads(struct keeper *keeper)
{
    sigset_t all;
    sigset_t before;
    int result = 0;
    (void)sigfillset(&all);
    if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0)
        return -1;
    while (keeper->started < KEEPER_THREADS && result == 0) {
        result = pthread_create(&keeper->threads[keeper->started], NULL, work, keeper);
        keeper->started += result == 0;
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return result == 0 ? 0 : -1;
}

/* ---- from outside ---- */

struct keeper *keeper_new(struct log *notices, struct err *err)
{
    struct keeper *keeper = calloc(1, sizeof *keeper);
    if (keeper == NULL) {
        err_memory(err);
        return NULL;
    }
    keeper->notices = notices;
    atomic_init(&keeper->ending, false);
    keeper->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (keeper->bell < 0 || pthread_mutex_init(&keeper->mutex, NULL) != 0 ||
        deadline_cond_init(&keeper->settled) != 0) { /* neither of them fails on Linux */
        err_set(err, ERR_SYSTEM, "the keeper of credentials cannot be made");
        free(keeper);
        return NULL;
    }
    return keeper;
}

void keeper_free(struct keeper *keeper)
{
    if (keeper == NULL)
        return;
    keeper_stop(keeper);
    (void)close(keeper->bell);
    (void)pthread_cond_destroy(&keeper->settled);
    (void)pthread_mutex_destroy(&keeper->mutex);
    free(keeper);
}

struct keeping *keeper_keeping(struct keeper *keeper, const struct config *config,
                               const struct keeping *previous, const struct keeping_owner *owner,
                               struct err *err)
{
    return keeping_new(config, previous, owner, ring, keeper, &keeper->ending, err);
}

void keeper_use(struct keeper *keeper, struct keeping *keeping)
{
    (void)pthread_mutex_lock(&keeper->mutex);
    keeper->keeping = keeping;
    (void)pthread_mutex_unlock(&keeper->mutex);
    ring(keeper);
}

int keeper_start(struct keeper *keeper, struct err *err)
{
    if (begin_threads(keeper) == 0)
        return 0;
    keeper_stop(keeper);
    return err_set(err, ERR_SYSTEM, "the threads that fetch credentials cannot be started");
}

/* With the mutex. */
static bool is_all_tried(const struct keeper *keeper)
{
    for (size_t i = 0; keeper->keeping != NULL && i < keeper->keeping->count; i++)
        if (keeper->keeping->entries[i] != NULL && !keeper->keeping->entries[i]->tried)
            return false;
    return true;
}

void keeper_wait(struct keeper *keeper, long long millis)
{
    const struct timespec deadline = deadline_in(millis);
    int waited = 0;
    (void)pthread_mutex_lock(&keeper->mutex);
    while (!is_all_tried(keeper) && waited == 0)
        waited = pthread_cond_timedwait(&keeper->settled, &keeper->mutex, &deadline);
    (void)pthread_mutex_unlock(&keeper->mutex);
}

void keeper_abandon(struct keeper *keeper)
{
    atomic_store(&keeper->ending, true);
    ring(keeper);
}

void keeper_stop(struct keeper *keeper)
{
    keeper_abandon(keeper);
    while (keeper->started > 0)
        (void)pthread_join(keeper->threads[--keeper->started], NULL);
}

bool keeper_look(struct keeper *keeper, const struct keeping *keeping, size_t index,
                 struct keeper_state *state)
{
    const struct keeping_entry *entry = keeping->entries[index];
    if (entry == NULL)
        return false;
    (void)pthread_mutex_lock(&keeper->mutex);
    int64_t left_us = entry->expires_us - clock_monotonic_us();
    *state = (struct keeper_state){.name = keeping->config->credentials[index].name,
                                   .there = left_us > 0,
                                   .failing = entry->failures > 0,
                                   .is_short = left_us <= 0 || schedule_is_short(left_us, entry->life_us),
                                   .left_s = left_us > 0 ? left_us / 1000000 : 0,
                                   .life_s = entry->life_us / 1000000,
                                   .good = entry->good,
                                   .bad = entry->bad,
                                   .reason = entry->reason};
    (void)pthread_mutex_unlock(&keeper->mutex);
    return true;
}

bool keeper_look_sessions(const struct keeping *keeping, size_t index, struct sessions_state *state)
{
    if (keeping->sessions[index] == NULL)
        return false;
    sessions_look(keeping->sessions[index], state);
    return true;
}
