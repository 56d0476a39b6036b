#include "gateway/audit.h"

#include "base/json.h"
#include "base/timestamp.h"
#include "gateway/chain.h"
#include "gateway/clock.h"
#include "gateway/tail.h"
#include "gateway/version.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct audit {
    struct config *config; /* held; `what` is its part */
    const struct config_audit *what;
    pthread_mutex_t mutex; /* guards the next six: whoever holds it writes the next record */
    int fd;
    bool begun;  /* the chain is known: the head below is that of the last record */
    bool ready;  /* the file ends with the last record, and a line feed */
    bool ending; /* of the sealer */
    struct chain_head head;
    unsigned long long sealed; /* records up to this one */
    pthread_cond_t ended;
    pthread_t sealer;

    pthread_mutex_t sync_mutex; /* guards `synced`: one fdatasync() serves all who wait for it */
    unsigned long long synced;

    atomic_ullong records;
    atomic_ullong failed;
    atomic_bool failing;
};

/* ---- the file ---- */

/* A new file's name must survive too (fsync(2)).  Best effort: not every file system can. */
static void sync_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash == NULL ? strdup(".") : strndup(path, (size_t)(slash - path) + 1);
    int fd = folder == NULL ? -1 : open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(folder);
    if (fd < 0)
        return;
    (void)fsync(fd);
    (void)close(fd);
}

/* A regular file, or a device such as /dev/null; locked. */
static int open_file(const struct config_audit *what, struct err *err)
{
    struct stat status;
    int fd = open(what->file, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
    if (fd < 0)
        return err_set(err, ERR_SYSTEM, "the audit file '%s' cannot be opened: %s", what->file,
                       strerror(errno));
    if (fstat(fd, &status) != 0 || !(S_ISREG(status.st_mode) || S_ISCHR(status.st_mode))) {
        err_set(err, ERR_INPUT, "the audit file '%s' is not a regular file", what->file);
    } else if (S_ISREG(status.st_mode) && flock(fd, LOCK_EX | LOCK_NB) != 0) {
        err_set(err, ERR_SYSTEM,
                "the audit file '%s' is in use by another process: each gateway needs its own", what->file);
    } else {
        if (what->sync)
            sync_folder(what->file);
        return fd;
    }
    (void)close(fd); /* nothing was written to it */
    return -1;
}

/* How much was written; less than `length` leaves the reason in errno. */
static size_t write_all(int fd, const char *bytes, size_t length)
{
    size_t done = 0;
    while (done < length) {
        ssize_t written = write(fd, bytes + done, length - done);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            break;
        done += (size_t)written;
    }
    return done;
}

static int cannot_write(const struct audit *audit, struct err *err)
{
    return err_set(err, ERR_SYSTEM, "the audit file '%s' cannot be written to: %s", audit->what->file,
                   strerror(errno));
}

/* ---- one record; the lock is held ---- */

/* Writes the finished line; `head` becomes the chain's when all of it is there. */
static int put_line(struct audit *audit, const struct buf *line, const struct chain_head *head,
                    struct err *err)
{
    errno = 0;
    audit->ready = write_all(audit->fd, buf_text(line), line->length) == line->length;
    if (!audit->ready)
        return cannot_write(audit, err);
    audit->head = *head;
    atomic_fetch_add_explicit(&audit->records, 1, memory_order_relaxed);
    return 0;
}

static int put_record(struct audit *audit, const struct buf *members, const struct secret *key,
                      struct err *err)
{
    struct buf line;
    struct chain_head head = audit->head;
    int result = -1;
    buf_init(&line, CHAIN_LINE_MAX);
    chain_open(&line, &head);
    buf_put_char(&line, ',');
    buf_put_bytes(&line, buf_text(members), members->length);
    if ((key == NULL || chain_seal(&line, key, err) == 0) && chain_close(&line, &head, err) == 0)
        result = put_line(audit, &line, &head, err);
    buf_done(&line);
    return result;
}

static void put_time(struct buf *members)
{
    char time[TIMESTAMP_SIZE];
    timestamp_format(clock_wall_ms(), time);
    json_member(members, "time", time);
}

/* The record that says: from here on, this process.  What is torn before it is told by length and hash. */
static int put_open(struct audit *audit, const struct tail *tail, struct err *err)
{
    struct buf members;
    buf_init(&members, CHAIN_LINE_MAX);
    json_member(&members, "audit", "open");
    put_time(&members);
    json_member(&members, "version", VERSION_TEXT);
    if (tail->torn > 0) {
        json_open_member(&members, "torn");
        json_member_int(&members, "bytes", (long long)tail->torn);
        json_member(&members, "sha256", tail->torn_hash);
        json_close(&members);
    }
    int result = members.failed ? err_memory(err) : put_record(audit, &members, NULL, err);
    buf_done(&members);
    if (result == 0 && tail->torn > 0)
        fprintf(stderr, "countersign: audit: '%s' had a torn line of %zu bytes; it goes on behind it\n",
                audit->what->file, tail->torn);
    return result;
}

/* Finds where the open file can go on, and says so in it. */
static int continue_file(struct audit *audit, struct err *err)
{
    struct stat status;
    struct tail tail = {0};
    struct err reason = {0};
    if (fstat(audit->fd, &status) != 0)
        return cannot_write(audit, err);
    chain_begin(&tail.head);
    if (S_ISREG(status.st_mode) && tail_read(audit->fd, (size_t)status.st_size, &tail, &reason) != 0)
        return err_set(err, reason.kind, "the audit file '%s': %.200s", audit->what->file, reason.text);
    if (tail.unended && write_all(audit->fd, "\n", 1) != 1)
        return cannot_write(audit, err);
    if (!audit->begun)
        audit->head = tail.head; /* else our own: if somebody else wrote meanwhile, the chain shall not fit */
    int result = put_open(audit, &tail, err);
    audit->begun = audit->begun || result == 0;
    return result;
}

static int replace_file(struct audit *audit, struct err *err)
{
    int fd = open_file(audit->what, err);
    if (fd < 0)
        return -1;
    if (audit->what->sync && fdatasync(audit->fd) != 0) { /* whoever still waits for its records is told so */
        (void)close(fd);
        return cannot_write(audit, err);
    }
    (void)close(audit->fd); /* every write() to it was looked at */
    audit->fd = fd;
    audit->ready = false;
    return 0;
}

/* Somebody removed the file: nobody would ever see what we write. */
static bool is_removed(const struct audit *audit)
{
    struct stat status;
    return fstat(audit->fd, &status) == 0 && status.st_nlink == 0;
}

static int append(struct audit *audit, const struct buf *members, const struct secret *key, struct err *err)
{
    if (is_removed(audit) && replace_file(audit, err) != 0)
        return -1;
    if (!audit->ready && continue_file(audit, err) != 0)
        return -1;
    return put_record(audit, members, key, err);
}

/* ---- from any thread ---- */

/* Until all records up to `seq` are on the disk.  Whoever comes while another waits for the disk is mostly
 * served by the next fdatasync(). */
static int sync_up_to(struct audit *audit, unsigned long long seq, struct err *err)
{
    int result = 0;
    (void)pthread_mutex_lock(&audit->sync_mutex);
    if (audit->synced < seq) {
        (void)pthread_mutex_lock(&audit->mutex);
        unsigned long long last = audit->head.seq;
        int fd = dup(audit->fd); /* a rotation may close the other meanwhile */
        (void)pthread_mutex_unlock(&audit->mutex);
        if (fd < 0 || fdatasync(fd) != 0)
            result = cannot_write(audit, err);
        else
            audit->synced = last;
        if (fd >= 0)
            (void)close(fd);
    }
    (void)pthread_mutex_unlock(&audit->sync_mutex);
    return result;
}

/* Says once that it failed, and once that it is over. */
static void note(struct audit *audit, int result, const struct err *err)
{
    bool was_failing = atomic_exchange(&audit->failing, result != 0);
    if (result != 0)
        atomic_fetch_add_explicit(&audit->failed, 1, memory_order_relaxed);
    if (result != 0 && !was_failing)
        fprintf(stderr, "countersign: %s; changes are refused until it can\n", err->text);
    else if (result == 0 && was_failing)
        fprintf(stderr, "countersign: the audit file '%s' can be written to again\n", audit->what->file);
}

int audit_append(struct audit *audit, const struct buf *members, unsigned long long *seq, struct err *err)
{
    struct err reason = {0};
    (void)pthread_mutex_lock(&audit->mutex);
    int result = members->failed ? err_memory(&reason) : append(audit, members, NULL, &reason);
    unsigned long long mine = audit->head.seq;
    (void)pthread_mutex_unlock(&audit->mutex);
    if (result == 0) {
        *seq = mine;
        if (audit->what->sync)
            result = sync_up_to(audit, mine, &reason);
    }
    note(audit, result, &reason);
    return result == 0 ? 0 : err_set(err, reason.kind, "%s", reason.text);
}

int audit_reopen(struct audit *audit, struct err *err)
{
    struct stat now;
    struct stat open_one;
    int result = 0;
    (void)pthread_mutex_lock(&audit->mutex);
    bool same = stat(audit->what->file, &now) == 0 && fstat(audit->fd, &open_one) == 0 &&
                now.st_dev == open_one.st_dev && now.st_ino == open_one.st_ino;
    if (!same)
        result = replace_file(audit, err);
    if (!same && result == 0)
        result = continue_file(audit, err);
    (void)pthread_mutex_unlock(&audit->mutex);
    return result;
}

struct audit_state audit_state(const struct audit *audit)
{
    return (struct audit_state){.records = atomic_load_explicit(&audit->records, memory_order_relaxed),
                                .failed = atomic_load_explicit(&audit->failed, memory_order_relaxed),
                                .failing = atomic_load_explicit(&audit->failing, memory_order_relaxed)};
}

/* ---- seals ---- */

/* The lock is held. */
static void seal(struct audit *audit)
{
    struct buf members;
    struct err err = {0};
    if (audit->head.seq == audit->sealed)
        return;
    buf_init(&members, CHAIN_LINE_MAX);
    json_member(&members, "audit", "seal");
    put_time(&members);
    int result = members.failed ? err_memory(&err) : append(audit, &members, audit->what->key, &err);
    if (result == 0)
        audit->sealed = audit->head.seq;
    note(audit, result, &err);
    buf_done(&members);
}

static void *seal_at_intervals(void *context)
{
    struct audit *audit = context;
    (void)pthread_mutex_lock(&audit->mutex);
    while (!audit->ending) {
        struct timespec at = {0};
        (void)clock_gettime(CLOCK_MONOTONIC, &at);
        at.tv_sec += audit->what->seal_every / 1000;
        while (!audit->ending && pthread_cond_timedwait(&audit->ended, &audit->mutex, &at) != ETIMEDOUT)
            continue;
        if (!audit->ending)
            seal(audit);
    }
    (void)pthread_mutex_unlock(&audit->mutex);
    return NULL;
}

/* With every signal blocked: only the main thread meets one. */
static int start_sealer(struct audit *audit)
{
    sigset_t all;
    sigset_t before;
    (void)sigfillset(&all);
    if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0)
        return -1;
    int result = pthread_create(&audit->sealer, NULL, seal_at_intervals, audit);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return result == 0 ? 0 : -1;
}

/* ---- from start to end ---- */

static struct audit *audit_new(struct config *config)
{
    pthread_condattr_t monotonic;
    struct audit *audit = calloc(1, sizeof *audit);
    if (audit == NULL)
        return NULL;
    audit->what = &config->audit;
    audit->fd = -1;
    chain_begin(&audit->head);
    bool good = pthread_condattr_init(&monotonic) == 0 &&
                pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) == 0 &&
                pthread_cond_init(&audit->ended, &monotonic) == 0 &&
                pthread_mutex_init(&audit->mutex, NULL) == 0 &&
                pthread_mutex_init(&audit->sync_mutex, NULL) == 0;
    if (!good) { /* none of them takes memory on Linux */
        free(audit);
        return NULL;
    }
    (void)pthread_condattr_destroy(&monotonic);
    audit->config = config_hold(config);
    return audit;
}

static void audit_free(struct audit *audit)
{
    if (audit->fd >= 0)
        (void)close(audit->fd);
    config_release(audit->config);
    (void)pthread_cond_destroy(&audit->ended);
    (void)pthread_mutex_destroy(&audit->mutex);
    (void)pthread_mutex_destroy(&audit->sync_mutex);
    free(audit);
}

struct audit *audit_open(struct config *config, struct err *err)
{
    struct err reason = {0};
    struct audit *audit = audit_new(config);
    if (audit == NULL) {
        err_memory(err);
        return NULL;
    }
    audit->fd = open_file(audit->what, err);
    if (audit->fd < 0)
        goto fail;
    int result = continue_file(audit, &reason);
    note(audit, result, &reason);
    if (result != 0 && reason.kind != ERR_SYSTEM) { /* no audit file; a full disk is tried again */
        err_set(err, reason.kind, "%s", reason.text);
        goto fail;
    }
    if (audit->what->key != NULL && start_sealer(audit) != 0) {
        err_set(err, ERR_SYSTEM, "the thread that seals the audit file cannot be started");
        goto fail;
    }
    return audit;
fail:
    audit_free(audit);
    return NULL;
}

void audit_close(struct audit *audit)
{
    if (audit == NULL)
        return;
    if (audit->what->key != NULL) {
        (void)pthread_mutex_lock(&audit->mutex);
        audit->ending = true;
        (void)pthread_cond_signal(&audit->ended);
        (void)pthread_mutex_unlock(&audit->mutex);
        (void)pthread_join(audit->sealer, NULL);
        (void)pthread_mutex_lock(&audit->mutex);
        seal(audit);
        (void)pthread_mutex_unlock(&audit->mutex);
    }
    audit_free(audit);
}
