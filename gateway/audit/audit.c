#include "gateway/audit/audit.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/notice.h"
#include "base/sealer.h"
#include "base/timestamp.h"
#include "base/version.h"
#include "gateway/audit/audit_file.h"
#include "gateway/audit/chain.h"
#include "gateway/audit/tail.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct audit {
    struct config_audit what; /* as configured, with copies of its file's name and its key */
    char *file;
    struct log *notices;
    struct sealer sealer; /* with a key only */

    pthread_mutex_t mutex; /* guards the next five: whoever holds it writes the next record */
    int fd;
    bool begun; /* the chain is known: the head below is that of the last record */
    bool ready; /* the file ends with the last record, and a line feed */
    struct chain_head head;
    unsigned long long sealed; /* records up to this one */

    pthread_mutex_t sync_mutex; /* guards `synced`: one fdatasync() serves all who wait for it */
    unsigned long long synced;

    atomic_ullong
        lost; /* records up to this one may not be on the disk: fdatasync(2) tells of an error once */
    atomic_ullong records;
    atomic_ullong failed;
    atomic_bool failing;
};

static int cannot_write(const struct audit *audit, struct err *err)
{
    return err_set(err, ERR_SYSTEM, "the audit file '%s' cannot be written to: %s", audit->what.file,
                   strerror(errno));
}

/* ---- one record; the lock is held ---- */

/* Writes the finished line; `head` becomes the chain's when all of it is there. */
static int put_line(struct audit *audit, const struct buf *line, const struct chain_head *head,
                    struct err *err)
{
    errno = 0;
    audit->ready = audit_file_write(audit->fd, buf_text(line), line->length) == line->length;
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
        notice_write(audit->notices, "the audit file '%s' had a torn line of %zu bytes; it goes on behind it",
                     audit->what.file, tail->torn);
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
        return err_set(err, reason.kind, "the audit file '%s': %.200s", audit->what.file, reason.text);
    if (tail.unended && audit_file_write(audit->fd, "\n", 1) != 1)
        return cannot_write(audit, err);
    if (!audit->begun)
        audit->head = tail.head; /* else our own: if somebody else wrote meanwhile, the chain shall not fit */
    int result = put_open(audit, &tail, err);
    audit->begun = audit->begun || result == 0;
    return result;
}

static int replace_file(struct audit *audit, struct err *err)
{
    int fd = audit_file_open(&audit->what, err);
    if (fd < 0)
        return -1;
    if (audit->what.sync && fdatasync(audit->fd) != 0) { /* whoever still waits for its records is told so */
        atomic_store(&audit->lost, audit->head.seq);
        (void)close(fd);
        return cannot_write(audit, err);
    }
    (void)close(audit->fd); /* every write() to it was looked at */
    audit->fd = fd;
    audit->ready = false;
    return 0;
}

static int append(struct audit *audit, const struct buf *members, const struct secret *key, struct err *err)
{
    if (audit_file_is_removed(audit->fd) && replace_file(audit, err) != 0)
        return -1;
    if (!audit->ready && continue_file(audit, err) != 0)
        return -1;
    return put_record(audit, members, key, err);
}

/* ---- from any thread ---- */

/* Syncs all that was written, or notes that what was written until the error is lost. */
static int sync_all(struct audit *audit, struct err *err)
{
    (void)pthread_mutex_lock(&audit->mutex);
    unsigned long long last = audit->head.seq;
    int fd = dup(audit->fd); /* a rotation may close the other meanwhile */
    (void)pthread_mutex_unlock(&audit->mutex);
    int result = fd < 0 || fdatasync(fd) != 0 ? cannot_write(audit, err) : 0;
    if (result == 0) {
        audit->synced = last;
    } else {
        (void)pthread_mutex_lock(&audit->mutex);
        atomic_store(&audit->lost, audit->head.seq);
        (void)pthread_mutex_unlock(&audit->mutex);
    }
    if (fd >= 0)
        (void)close(fd);
    return result;
}

/* Until all records up to `seq` are on the disk.  Whoever comes while another waits for the disk is mostly
 * served by the next fdatasync(). */
static int sync_up_to(struct audit *audit, unsigned long long seq, struct err *err)
{
    int result = 0;
    (void)pthread_mutex_lock(&audit->sync_mutex);
    if (audit->synced < seq && atomic_load(&audit->lost) < seq)
        result = sync_all(audit, err);
    if (result == 0 && atomic_load(&audit->lost) >= seq)
        result =
            err_set(err, ERR_SYSTEM, "the audit file '%s' was lost in part by its disk", audit->what.file);
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
        notice_write(audit->notices, "%s; changes are refused until it can", err->text);
    else if (result == 0 && was_failing)
        notice_write(audit->notices, "the audit file '%s' can be written to again", audit->what.file);
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
        if (audit->what.sync)
            result = sync_up_to(audit, mine, &reason);
    }
    note(audit, result, &reason);
    return result == 0 ? 0 : err_set(err, reason.kind, "%s", reason.text);
}

int audit_reopen(struct audit *audit, struct err *err)
{
    int result = 0;
    (void)pthread_mutex_lock(&audit->mutex);
    if (!audit_file_is_at(audit->fd, audit->what.file)) {
        result = replace_file(audit, err);
        if (result == 0)
            result = continue_file(audit, err);
    }
    (void)pthread_mutex_unlock(&audit->mutex);
    return result;
}

struct audit_state audit_state(const struct audit *audit)
{
    return (struct audit_state){.records = atomic_load_explicit(&audit->records, memory_order_relaxed),
                                .failed = atomic_load_explicit(&audit->failed, memory_order_relaxed),
                                .failing = atomic_load_explicit(&audit->failing, memory_order_relaxed)};
}

/* ---- from start to end ---- */

/* All that came since the last seal, if anything did. */
static void seal(void *context)
{
    struct audit *audit = context;
    struct buf members;
    struct err reason = {0};
    int result = 0;
    buf_init(&members, CHAIN_LINE_MAX);
    json_member(&members, "audit", "seal");
    put_time(&members);
    (void)pthread_mutex_lock(&audit->mutex);
    if (audit->head.seq != audit->sealed) {
        result = members.failed ? err_memory(&reason) : append(audit, &members, audit->what.key, &reason);
        if (result == 0)
            audit->sealed = audit->head.seq;
    }
    (void)pthread_mutex_unlock(&audit->mutex);
    if (result != 0)
        note(audit, result, &reason); /* a good one says nothing of what others met meanwhile */
    buf_done(&members);
}

static void audit_free(struct audit *audit)
{
    if (audit->fd >= 0)
        (void)close(audit->fd); /* every write() to it was looked at */
    secret_free(audit->what.key);
    free(audit->file);
    (void)pthread_mutex_destroy(&audit->mutex);
    (void)pthread_mutex_destroy(&audit->sync_mutex);
    free(audit);
}

/* Copies, so that no configuration has to stay for them. */
static int copy(struct audit *audit, const struct config_audit *what)
{
    audit->what = *what;
    audit->what.key = NULL;
    audit->what.file = audit->file = strdup(what->file);
    if (what->key != NULL)
        audit->what.key = secret_new(secret_bytes(what->key), secret_length(what->key));
    return audit->file == NULL || (what->key != NULL && audit->what.key == NULL) ? -1 : 0;
}

static struct audit *audit_new(const struct config_audit *what, struct log *notices)
{
    struct audit *audit = calloc(1, sizeof *audit);
    if (audit == NULL)
        return NULL;
    if (pthread_mutex_init(&audit->mutex, NULL) != 0 || pthread_mutex_init(&audit->sync_mutex, NULL) != 0) {
        free(audit); /* neither takes memory on Linux */
        return NULL;
    }
    audit->notices = notices;
    audit->fd = -1;
    chain_begin(&audit->head);
    if (copy(audit, what) == 0)
        return audit;
    audit_free(audit);
    return NULL;
}

/* A disk that is full now is tried again with the next record; what is no audit file is not written to. */
static int begin_file(struct audit *audit, struct err *err)
{
    struct err reason = {0};
    audit->fd = audit_file_open(&audit->what, err);
    if (audit->fd < 0)
        return -1;
    int result = continue_file(audit, &reason);
    if (result != 0 && reason.kind != ERR_SYSTEM)
        return err_set(err, reason.kind, "%s", reason.text);
    note(audit, result, &reason);
    return 0;
}

struct audit *audit_open(const struct config_audit *what, struct log *notices, struct err *err)
{
    struct audit *audit = audit_new(what, notices);
    if (audit == NULL) {
        err_memory(err);
        return NULL;
    }
    if (begin_file(audit, err) != 0) {
        audit_free(audit);
        return NULL;
    }
    if (audit->what.key != NULL && sealer_start(&audit->sealer, audit->what.seal_every, seal, audit) != 0) {
        err_set(err, ERR_SYSTEM, "the thread that seals the audit file cannot be started");
        audit_free(audit);
        return NULL;
    }
    return audit;
}

void audit_close(struct audit *audit)
{
    if (audit == NULL)
        return;
    if (audit->what.key != NULL)
        sealer_stop(&audit->sealer);
    audit_free(audit);
}
