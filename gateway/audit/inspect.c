#include "gateway/audit/inspect.h"

#include "gateway/audit/audit_file.h"
#include "gateway/chain/audit_reader.h"
#include "gateway/audit/audit_resume.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- reading ---- */

/* A second descriptor of the open file: the writer's has its own place in it. */
static FILE *open_again(const struct config_audit *what, int fd, struct err *err)
{
    int again = open(what->file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    FILE *file = again < 0 ? NULL : fdopen(again, "r");
    if (file != NULL && audit_file_is_at(again, what->file) && audit_file_is_at(fd, what->file))
        return file;
    err_set(err, ERR_SYSTEM, "the audit file '%s' cannot be read: %s", what->file,
            file == NULL ? strerror(errno) : "it was exchanged");
    if (file != NULL)
        (void)fclose(file); /* only read from */
    else if (again >= 0)
        (void)close(again);
    return NULL;
}

static size_t size_of(int fd)
{
    struct stat status;
    return fstat(fd, &status) == 0 && S_ISREG(status.st_mode) ? (size_t)status.st_size : 0;
}

/* Where the last INSPECT_BYTES begin a line; 0: they are all. */
static size_t seek_end(FILE *file, size_t size)
{
    size_t start = size > INSPECT_BYTES ? size - INSPECT_BYTES : 0;
    if (start == 0 || fseeko(file, (off_t)start, SEEK_SET) != 0)
        return 0;
    int c;
    do
        c = getc_unlocked(file);
    while (c != EOF && c != '\n' && ++start < size);
    return start + 1;
}

static void sum_up(const struct audit_reader *ledger, struct inspect *found)
{
    struct audit_reader_sum sum = audit_reader_sum(ledger);
    found->records = sum.records;
    found->from = sum.before.seq + 1;
    found->sealed = sum.seals.sealed;
    found->unsealed = sum.seals.first == 0 ? 0 : sum.head.seq - sum.seals.first + 1;
    found->seal = sum.seals.last;
    if (found->broken[0] == '\0' && found->records > 0 && !sum.seals.any)
        (void)snprintf(found->broken, sizeof found->broken, "it has records, and none of them is sealed");
}

/* `bytes` of the file, or until `stop`, which may be NULL, or until something does not hold. */
static int read_file(struct audit_reader *ledger, size_t bytes, const atomic_bool *stop,
                     struct inspect *found, struct err *err)
{
    struct audit_reader_line line;
    enum audit_reader_find find = AUDIT_READER_RECORD;
    unsigned long long good = 0;
    while (audit_reader_offset(ledger) < bytes && found->broken[0] == '\0' && find != AUDIT_READER_END) {
        find = audit_reader_next(ledger, &line);
        if (find == AUDIT_READER_FAILED)
            return err_set(err, ERR_SYSTEM, "%s", line.text);
        if (find == AUDIT_READER_BROKEN || find == AUDIT_READER_ANEW)
            (void)snprintf(found->broken, sizeof found->broken, "%s", line.text);
        if (line.bytes != NULL)
            good = audit_reader_offset(ledger);
        if (stop != NULL && atomic_load_explicit(stop, memory_order_relaxed))
            return 0;
    }
    if (found->broken[0] == '\0' && good > 0 && bytes - good > AUDIT_RESUME_MAX)
        (void)snprintf(found->broken, sizeof found->broken, "%llu bytes at its end hold no record",
                       bytes - good);
    sum_up(ledger, found);
    return 0;
}

/* Lines are numbered from the beginning of what is read: the name tells. */
static int read_from(const struct config_audit *what, FILE *file, size_t start, size_t size,
                     const atomic_bool *stop, struct inspect *found, struct err *err)
{
    char name[128];
    const char *slash = strrchr(what->file, '/');
    struct audit_reader *ledger = audit_reader_new(what->key, start > 0 ? SEALS_FROM_LINE : SEALS_FROM_FILE);
    if (ledger == NULL)
        return err_memory(err);
    (void)snprintf(name, sizeof name, "%.80s%s", slash == NULL ? what->file : slash + 1,
                   start > 0 ? " (its end)" : "");
    audit_reader_take(ledger, name, file);
    int result = read_file(ledger, size - start, stop, found, err);
    audit_reader_free(ledger);
    return result;
}

int inspect_end(const struct config_audit *what, int fd, struct inspect *found, struct err *err)
{
    size_t size = size_of(fd);
    *found = (struct inspect){0};
    if (size == 0)
        return 0;
    FILE *file = open_again(what, fd, err);
    if (file == NULL)
        return -1;
    int result = read_from(what, file, seek_end(file, size), size, NULL, found, err);
    (void)fclose(file); /* only read from */
    return result;
}

/* ---- the thread ---- */

struct inspector {
    pthread_t thread;
    atomic_bool stop;
    const struct config_audit *what;
    FILE *file;
    size_t size; /* what comes behind it is our own */
    void (*tell)(void *context, const char *why);
    void *context;
};

static void *run(void *context)
{
    struct inspector *inspector = context;
    struct inspect found = {0};
    struct err err = {0};
    int result =
        read_from(inspector->what, inspector->file, 0, inspector->size, &inspector->stop, &found, &err);
    const char *why = result != 0 ? err.text : found.broken;
    if (why[0] != '\0' && !atomic_load(&inspector->stop))
        inspector->tell(inspector->context, why);
    return NULL;
}

static int begin_thread(struct inspector *inspector)
{
    sigset_t all;
    sigset_t before;
    (void)sigfillset(&all);
    if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0)
        return -1;
    int result = pthread_create(&inspector->thread, NULL, run, inspector);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return result == 0 ? 0 : -1;
}

struct inspector *inspect_start(const struct config_audit *what, int fd,
                                void (*tell)(void *context, const char *why), void *context, struct err *err)
{
    size_t size = size_of(fd);
    if (what->key == NULL || size <= INSPECT_BYTES)
        return NULL;
    struct inspector *inspector = calloc(1, sizeof *inspector);
    if (inspector == NULL) {
        err_memory(err);
        return NULL;
    }
    *inspector = (struct inspector){.what = what, .size = size, .tell = tell, .context = context};
    atomic_init(&inspector->stop, false);
    inspector->file = open_again(what, fd, err);
    if (inspector->file != NULL && begin_thread(inspector) == 0)
        return inspector;
    if (inspector->file != NULL) {
        (void)fclose(inspector->file); /* only read from */
        err_set(err, ERR_SYSTEM, "the thread that reads the audit file cannot be started");
    }
    free(inspector);
    return NULL;
}

void inspect_stop(struct inspector *inspector)
{
    if (inspector == NULL)
        return;
    atomic_store(&inspector->stop, true);
    (void)pthread_join(inspector->thread, NULL);
    (void)fclose(inspector->file); /* only read from */
    free(inspector);
}
