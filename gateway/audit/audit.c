#include "gateway/audit/audit.h"

#include "base/log/operator_log.h"
#include "base/time/periodic.h"
#include "gateway/audit/audit_resume.h"
#include "gateway/audit/witness.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct audit {
    struct config_audit what; /* as configured, with copies of all that it points to */
    char *file;
    char *in_force;
    char *instance;
    char *witness_file;
    const char **witness_command; /* one block */
    struct log *notices;
    struct periodic sealer; /* with a key only */
    struct witness *witness;
    struct inspector *inspector;

    pthread_mutex_t mutex; /* guards the writer, but for what is atomic in it: one thread writes */
    struct writer writer;

    pthread_mutex_t sync_mutex; /* guards `synced`: one fdatasync() serves all who wait for it */
    unsigned long long synced;

    atomic_ullong failed;
    atomic_bool failing;
};

/* ---- on the disk ---- */

/* Syncs all that was written, or notes that what was written until the error is lost: fdatasync(2) tells of
 * an error once. */
static int sync_all(struct audit *audit, struct err *err)
{
    (void)pthread_mutex_lock(&audit->mutex);
    unsigned long long last = audit->writer.head.seq;
    int fd = dup(audit->writer.fd); /* a rotation may close the other meanwhile */
    (void)pthread_mutex_unlock(&audit->mutex);
    int result = 0;
    if (fd < 0 || fdatasync(fd) != 0)
        result = err_set(err, ERR_SYSTEM, "the audit file '%s' cannot be written to: %s", audit->what.file,
                         strerror(errno));
    if (result == 0) {
        audit->synced = last;
    } else {
        (void)pthread_mutex_lock(&audit->mutex);
        atomic_store(&audit->writer.lost, audit->writer.head.seq);
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
    if (audit->synced < seq && atomic_load(&audit->writer.lost) < seq)
        result = sync_all(audit, err);
    if (result == 0 && atomic_load(&audit->writer.lost) >= seq)
        result =
            err_set(err, ERR_SYSTEM, "the audit file '%s' was lost in part by its disk", audit->what.file);
    (void)pthread_mutex_unlock(&audit->sync_mutex);
    return result;
}

/* ---- from any thread ---- */

/* Says once that it failed, and once that it is over. */
static void note(struct audit *audit, int result, const struct err *err)
{
    bool was_failing = atomic_exchange(&audit->failing, result != 0);
    if (result != 0)
        atomic_fetch_add_explicit(&audit->failed, 1, memory_order_relaxed);
    if (result != 0 && !was_failing)
        operator_log_warn(audit->notices, "%s; changes are refused until it can", err->text);
    else if (result == 0 && was_failing)
        operator_log_write(audit->notices, "the audit file '%s' can be written to again", audit->what.file);
}

int audit_append(struct audit *audit, const char *kind, int64_t time, const struct buf *members,
                 unsigned long long *seq, struct err *err)
{
    struct err reason = {0};
    (void)pthread_mutex_lock(&audit->mutex);
    int result =
        members->failed ? err_memory(&reason) : writer_put(&audit->writer, kind, time, members, &reason);
    unsigned long long mine = audit->writer.head.seq;
    (void)pthread_mutex_unlock(&audit->mutex);
    if (result == 0) {
        *seq = mine;
        if (audit->what.sync)
            result = sync_up_to(audit, mine, &reason);
    }
    note(audit, result, &reason);
    return result == 0 ? 0 : err_set(err, reason.kind, "%s", reason.text);
}

void audit_last(struct audit *audit, char out[AUDIT_HASH_SIZE])
{
    (void)pthread_mutex_lock(&audit->mutex);
    memcpy(out, audit->writer.head.hash, AUDIT_HASH_SIZE);
    if (!audit->writer.begun)
        out[0] = '\0';
    (void)pthread_mutex_unlock(&audit->mutex);
}

enum audit_search audit_has(const struct audit *audit, const char *hash, const char *request)
{
    return audit_search(audit->what.file, hash, request);
}

int audit_reopen(struct audit *audit, struct err *err)
{
    (void)pthread_mutex_lock(&audit->mutex);
    int result = writer_reopen(&audit->writer, err);
    (void)pthread_mutex_unlock(&audit->mutex);
    return result;
}

struct audit_state audit_state(const struct audit *audit)
{
    const struct writer *writer = &audit->writer;
    struct witness_state witness = {0};
    if (audit->witness != NULL)
        witness = witness_state(audit->witness);
    return (struct audit_state){.records = atomic_load_explicit(&writer->records, memory_order_relaxed),
                                .failed = atomic_load_explicit(&audit->failed, memory_order_relaxed),
                                .failing = atomic_load_explicit(&audit->failing, memory_order_relaxed),
                                .broken = atomic_load_explicit(&writer->broken, memory_order_relaxed),
                                .refusing = atomic_load_explicit(&writer->refusing, memory_order_relaxed),
                                .witnessed = audit->witness != NULL,
                                .unwitnessed = witness.failing,
                                .missed = witness.failed};
}

/* ---- seals, and those who read them ---- */

static void seal_with(struct audit *audit, bool last)
{
    struct err reason = {0};
    (void)pthread_mutex_lock(&audit->mutex);
    int result = writer_seal(&audit->writer, last, &reason);
    (void)pthread_mutex_unlock(&audit->mutex);
    if (result != 0)
        note(audit, result, &reason); /* a good one says nothing of what others met meanwhile */
}

static void seal(void *context)
{
    seal_with(context, false);
}

static void take_seal(void *context, const char *line, size_t length)
{
    const struct audit *audit = context;
    witness_take(audit->witness, line, length);
}

/* The witness must not know more than the disk will. */
static void settle(void *context)
{
    struct audit *audit = context;
    if (!audit->what.sync)
        return;
    (void)pthread_mutex_lock(&audit->sync_mutex);
    (void)sync_all(audit, NULL); /* those who wait for their records are told */
    (void)pthread_mutex_unlock(&audit->sync_mutex);
}

/* What a start had no time for does not hold. */
static void tell_broken(void *context, const char *why)
{
    struct audit *audit = context;
    struct err reason = {0};
    (void)pthread_mutex_lock(&audit->mutex);
    int result = writer_begin_anew(&audit->writer, why, &reason);
    (void)pthread_mutex_unlock(&audit->mutex);
    if (result != 0)
        operator_log_warn(audit->notices, "%s: %s", why, reason.text);
}

/* ---- from start to end ---- */

static void audit_free(struct audit *audit)
{
    writer_done(&audit->writer);
    secret_free(audit->what.key);
    free(audit->file);
    free(audit->in_force);
    free(audit->instance);
    free(audit->witness_file);
    free(audit->witness_command);
    (void)pthread_mutex_destroy(&audit->mutex);
    (void)pthread_mutex_destroy(&audit->sync_mutex);
    free(audit);
}

/* The words and the list of them, in one block; NULL when memory is out. */
static const char **copy_command(const char *const *command)
{
    size_t count = 0;
    size_t bytes = 0;
    for (; command[count] != NULL; count++)
        bytes += strlen(command[count]) + 1;
    const char **list = malloc((count + 1) * sizeof *list + bytes);
    if (list == NULL)
        return NULL;
    char *text = (char *)(list + count + 1);
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(command[i]) + 1;
        memcpy(text, command[i], length);
        list[i] = text;
        text += length;
    }
    list[count] = NULL;
    return list;
}

/* -1: memory is out.  No text stays none. */
static int copy_text(const char *text, char **own)
{
    *own = text == NULL ? NULL : strdup(text);
    return text != NULL && *own == NULL ? -1 : 0;
}

/* Copies, so that no configuration has to stay for them. */
static int copy(struct audit *audit, const struct config_audit *what)
{
    audit->what = *what;
    audit->what.key = NULL;
    if (what->key != NULL)
        audit->what.key = secret_new(secret_bytes(what->key), secret_length(what->key));
    if (what->witness_command != NULL)
        audit->what.witness_command = audit->witness_command = copy_command(what->witness_command);
    if (copy_text(what->file, &audit->file) != 0 || copy_text(what->in_force, &audit->in_force) != 0 ||
        copy_text(what->instance, &audit->instance) != 0 ||
        copy_text(what->witness_file, &audit->witness_file) != 0)
        return -1;
    audit->what.file = audit->file;
    audit->what.in_force = audit->in_force;
    audit->what.instance = audit->instance;
    audit->what.witness_file = audit->witness_file;
    return (what->key != NULL && audit->what.key == NULL) ||
                   (what->witness_command != NULL && audit->witness_command == NULL)
               ? -1
               : 0;
}

/* The folder that holds it, as a copy for the caller to free; NULL: memory is out. */
static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? strdup(".") : strndup(path, (size_t)(slash - path) + 1);
}

static int check_new(const struct config_audit *what, struct err *err)
{
    char *folder = folder_of(what->file);
    int result = folder == NULL ? err_memory(err) : 0;
    if (folder != NULL && access(folder, W_OK | X_OK) != 0 && errno != ENOENT)
        result =
            err_set(err, ERR_SYSTEM, "the audit file '%s' cannot be made: %s", what->file, strerror(errno));
    free(folder);
    return result;
}

bool audit_lacks_folder(const struct config_audit *what)
{
    char *folder = folder_of(what->file);
    bool lacks = folder != NULL && access(folder, F_OK) != 0 && errno == ENOENT;
    free(folder);
    return lacks;
}

/* Nobody is kept from it: a gateway may be writing to it. */
int audit_check(const struct config_audit *what, struct err *err)
{
    struct stat status;
    struct audit_resume tail;
    struct err reason = {0};
    int fd = open(what->file, O_RDWR | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT)
        return check_new(what, err);
    if (fd < 0)
        return err_set(err, ERR_SYSTEM, "the audit file '%s' cannot be opened: %s", what->file,
                       strerror(errno));
    int result = fstat(fd, &status) == 0 && (S_ISREG(status.st_mode) || S_ISCHR(status.st_mode)) ? 0 : -1;
    if (result != 0)
        err_set(err, ERR_INPUT, "the audit file '%s' is not a regular file", what->file);
    else if (S_ISREG(status.st_mode) && audit_resume_read(fd, (size_t)status.st_size, &tail, &reason) != 0)
        result = err_set(err, reason.kind, "the audit file '%s': %.200s", what->file, reason.text);
    (void)close(fd); /* nothing was written to it */
    return result;
}

static struct audit *audit_new(const struct config_audit *what, struct log *notices, struct err *err)
{
    struct audit *audit = calloc(1, sizeof *audit);
    if (audit == NULL) {
        err_memory(err);
        return NULL;
    }
    if (pthread_mutex_init(&audit->mutex, NULL) != 0 || pthread_mutex_init(&audit->sync_mutex, NULL) != 0) {
        free(audit); /* neither takes memory on Linux */
        err_memory(err);
        return NULL;
    }
    audit->notices = notices;
    audit->writer.fd = -1;
    if (copy(audit, what) != 0)
        err_memory(err);
    else if (writer_init(&audit->writer, &audit->what, notices, err) == 0)
        return audit;
    audit_free(audit);
    return NULL;
}

/* A disk that is full now is tried again with the next record; what is no audit file is not written to. */
static int begin_file(struct audit *audit, struct err *err)
{
    struct err reason = {0};
    int result = writer_open(&audit->writer, &reason);
    if (result != 0 && (audit->writer.fd < 0 || reason.kind != ERR_SYSTEM))
        return err_set(err, reason.kind, "%s", reason.text);
    note(audit, result, &reason);
    return 0;
}

static int begin_witness(struct audit *audit, struct err *err)
{
    if (audit->what.witness_file == NULL && audit->what.witness_command == NULL)
        return 0;
    audit->witness = witness_start(&audit->what, audit->notices, settle, audit, err);
    if (audit->witness == NULL)
        return -1;
    audit->writer.tell = take_seal;
    audit->writer.context = audit;
    return 0;
}

static int begin_threads(struct audit *audit, struct err *err)
{
    struct err reason = {0};
    audit->inspector = inspect_start(&audit->what, audit->writer.fd, tell_broken, audit, &reason);
    if (reason.kind != ERR_NONE)
        return err_set(err, reason.kind, "%s", reason.text);
    if (audit->what.key != NULL && periodic_start(&audit->sealer, audit->what.seal_every, seal, audit) != 0)
        return err_set(err, ERR_SYSTEM, "the thread that seals the audit file cannot be started");
    return 0;
}

struct audit *audit_open(const struct config_audit *what, struct log *notices, struct err *err)
{
    struct audit *audit = audit_new(what, notices, err);
    if (audit == NULL)
        return NULL;
    if (begin_witness(audit, err) == 0 && begin_file(audit, err) == 0 && begin_threads(audit, err) == 0)
        return audit;
    inspect_stop(audit->inspector);
    witness_stop(audit->witness);
    audit_free(audit);
    return NULL;
}

void audit_close(struct audit *audit)
{
    if (audit == NULL)
        return;
    inspect_stop(audit->inspector);
    if (audit->what.key != NULL) {
        periodic_stop(&audit->sealer);
        seal_with(audit, true);
    }
    witness_stop(audit->witness);
    audit_free(audit);
}
