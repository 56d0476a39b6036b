#include "gateway/audit/witness.h"

#include "base/buf.h"
#include "base/time/clock.h"
#include "base/log/operator_log.h"
#include "base/system/spawn.h"
#include "gateway/audit/audit_file.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    WITNESS_LINES = 16,        /* that wait while one is delivered; a seal comes every second at most, */
                               /* and at the start of a file */
    WITNESS_COMMAND_MS = 5000, /* for a command: an end waits for one that runs, and has 10 s in all */
    WITNESS_END_MS = 3000,     /* for all that is left at the end */
};

struct witness {
    const struct config_audit *what;
    struct log *notices;
    void (*before)(void *context);
    void *context;
    pthread_t thread;

    pthread_mutex_t mutex; /* guards the next four */
    pthread_cond_t more;
    struct buf lines[WITNESS_LINES]; /* a ring */
    size_t first, count;
    bool ending;
    int64_t end_us; /* when it has to end */

    atomic_ullong failed;
    atomic_bool failing;
};

/* ---- one line ---- */

/* The file is opened each time: it may be rotated, or its disk mounted again. */
static int append(const char *path, const struct buf *line, struct err *err)
{
    struct stat status;
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
    if (fd < 0)
        return err_set(err, ERR_SYSTEM, "'%s' cannot be opened: %s", path, strerror(errno));
    errno = 0;
    bool regular = fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
    bool good =
        regular && audit_file_write(fd, buf_text(line), line->length) == line->length && fdatasync(fd) == 0;
    int number = errno;
    if (close(fd) != 0 && good)
        return err_set(err, ERR_SYSTEM, "'%s' cannot be closed: %s", path, strerror(errno));
    if (good)
        return 0;
    return err_set(err, ERR_SYSTEM, "'%s' cannot be written to: %s", path,
                   regular ? strerror(number) : "it is no regular file");
}

static int deliver(struct witness *witness, const struct buf *line, int64_t end_us, struct err *err)
{
    long long millis = WITNESS_COMMAND_MS;
    if (line->failed)
        return err_memory(err);
    if (end_us != 0)
        millis = (end_us - clock_monotonic_us()) / 1000;
    if (millis <= 0)
        return err_set(err, ERR_SYSTEM, "the gateway ends");
    witness->before(witness->context);
    if (witness->what->witness_file != NULL)
        return append(witness->what->witness_file, line, err);
    return spawn_run(witness->what->witness_command, buf_text(line), line->length, NULL, millis, err);
}

/* Says once that it failed, and once that it is over. */
static void note(struct witness *witness, int result, const struct err *err)
{
    bool was_failing = atomic_exchange(&witness->failing, result != 0);
    if (result != 0)
        atomic_fetch_add_explicit(&witness->failed, 1, memory_order_relaxed);
    if (result != 0 && !was_failing)
        operator_log_warn(witness->notices, "the audit file's witness did not get a seal: %s", err->text);
    else if (result == 0 && was_failing)
        operator_log_write(witness->notices, "the audit file's witness gets the seals again");
}

/* ---- the thread ---- */

/* Moves the oldest line to `line`; false: it is time to end. */
static bool wait_for_line(struct witness *witness, struct buf *line, int64_t *end_us)
{
    (void)pthread_mutex_lock(&witness->mutex);
    while (witness->count == 0 && !witness->ending)
        (void)pthread_cond_wait(&witness->more, &witness->mutex);
    bool any = witness->count > 0;
    if (any) {
        *line = witness->lines[witness->first];
        witness->first = (witness->first + 1) % WITNESS_LINES;
        witness->count--;
    }
    *end_us = witness->ending ? witness->end_us : 0;
    (void)pthread_mutex_unlock(&witness->mutex);
    return any;
}

static void *run(void *context)
{
    struct witness *witness = context;
    struct buf line;
    int64_t end_us = 0;
    while (wait_for_line(witness, &line, &end_us)) {
        struct err err = {0};
        note(witness, deliver(witness, &line, end_us, &err), &err);
        buf_done(&line);
    }
    return NULL;
}

/* With every signal blocked: only the main thread meets one. */
static int begin_thread(struct witness *witness)
{
    sigset_t all;
    sigset_t before;
    (void)sigfillset(&all);
    if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0)
        return -1;
    int result = pthread_create(&witness->thread, NULL, run, witness);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return result == 0 ? 0 : -1;
}

struct witness *witness_start(const struct config_audit *what, struct log *notices,
                              void (*before)(void *context), void *context, struct err *err)
{
    struct witness *witness = calloc(1, sizeof *witness);
    if (witness == NULL) {
        err_memory(err);
        return NULL;
    }
    witness->what = what;
    witness->notices = notices;
    witness->before = before;
    witness->context = context;
    atomic_init(&witness->failed, 0);
    atomic_init(&witness->failing, false);
    if (pthread_mutex_init(&witness->mutex, NULL) == 0 && pthread_cond_init(&witness->more, NULL) == 0 &&
        begin_thread(witness) == 0) /* the first two take no memory on Linux */
        return witness;
    err_set(err, ERR_SYSTEM, "the thread of the audit file's witness cannot be started");
    free(witness);
    return NULL;
}

void witness_take(struct witness *witness, const char *line, size_t length)
{
    bool lost = false;
    (void)pthread_mutex_lock(&witness->mutex);
    if (witness->count == WITNESS_LINES) { /* the oldest goes: those behind it vouch for it */
        buf_done(&witness->lines[witness->first]);
        witness->first = (witness->first + 1) % WITNESS_LINES;
        witness->count--;
        lost = true;
    }
    struct buf *free_line = &witness->lines[(witness->first + witness->count) % WITNESS_LINES];
    buf_init(free_line, length + 1);
    buf_put_bytes(free_line, line, length);
    witness->count++;
    (void)pthread_cond_signal(&witness->more);
    (void)pthread_mutex_unlock(&witness->mutex);
    if (lost)
        atomic_fetch_add_explicit(&witness->failed, 1, memory_order_relaxed);
}

void witness_stop(struct witness *witness)
{
    if (witness == NULL)
        return;
    (void)pthread_mutex_lock(&witness->mutex);
    witness->ending = true;
    witness->end_us = clock_monotonic_us() + WITNESS_END_MS * 1000;
    (void)pthread_cond_signal(&witness->more);
    (void)pthread_mutex_unlock(&witness->mutex);
    (void)pthread_join(witness->thread, NULL);
    (void)pthread_cond_destroy(&witness->more);
    (void)pthread_mutex_destroy(&witness->mutex);
    free(witness);
}

struct witness_state witness_state(const struct witness *witness)
{
    return (struct witness_state){.failed = atomic_load_explicit(&witness->failed, memory_order_relaxed),
                                  .failing = atomic_load_explicit(&witness->failing, memory_order_relaxed)};
}
