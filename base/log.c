#include "base/log.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int log_init(struct log *log, int fd)
{
    *log = (struct log){.fd = fd};
    atomic_init(&log->dropped, 0);
    return pthread_mutex_init(&log->mutex, NULL) == 0 ? 0 : -1;
}

void log_done(struct log *log)
{
    log_settle(log);
    (void)pthread_mutex_destroy(&log->mutex);
}

/* A pipe whose reader hangs would hold the thread, and the end of the service, for ever.  It is waited for
 * once, and then only looked at. */
static bool may_write(struct log *log)
{
    struct pollfd ready = {.fd = log->fd, .events = POLLOUT};
    log->stuck = poll(&ready, 1, log->stuck ? 0 : LOG_WAIT_MS) == 0;
    return !log->stuck;
}

/* How many bytes of it were written.  A pipe of which poll(2) says that it can be written to takes PIPE_BUF
 * bytes without waiting: pipe(7). */
static size_t write_all(struct log *log, const char *bytes, size_t length)
{
    size_t done = 0;
    while (done < length && may_write(log)) {
        size_t step = length - done < PIPE_BUF ? length - done : PIPE_BUF;
        ssize_t written = write(log->fd, bytes + done, step);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            break;
        done += (size_t)written;
    }
    return done;
}

/* Also the one that is there in part. */
static void count_lost(struct log *log, const char *bytes, size_t length)
{
    unsigned long long lost = 0;
    for (size_t i = 0; i < length; i++)
        lost += bytes[i] == '\n';
    atomic_fetch_add_explicit(&log->dropped, lost, memory_order_relaxed);
}

/* One line, or several. */
static void write_piece(struct log *log, const char *bytes, size_t length)
{
    size_t done = 0;
    if (log->torn && write_all(log, "\n", 1) == 1)
        log->torn = false;
    if (!log->torn) {
        done = write_all(log, bytes, length);
        log->torn = done > 0 && bytes[done - 1] != '\n';
    }
    if (done < length)
        count_lost(log, bytes + done, length - done);
}

/* As many whole lines at a time as a pipe takes without tearing. */
static void write_lines(struct log *log, const char *bytes, size_t length)
{
    for (size_t done = 0; done < length;) {
        const char *from = bytes + done;
        size_t left = length - done;
        const char *end = left <= LOG_PIECE ? from + left - 1 : memrchr(from, '\n', LOG_PIECE);
        if (end == NULL)
            end = memchr(from, '\n', left); /* every line has one */
        size_t size = (size_t)(end - from) + 1;
        write_piece(log, from, size);
        done += size;
    }
}

/* ---- the thread that writes what was gathered ---- */

/* The next lines, in `written`; how many bytes, 0: it is over. */
static size_t take(struct log *log)
{
    const struct timespec pause = {.tv_nsec = LOG_GATHER_MS * 1000000};
    (void)pthread_mutex_lock(&log->mutex);
    while (log->used == 0 && !log->ends)
        (void)pthread_cond_wait(&log->some, &log->mutex);
    bool waits = !log->ends && log->used < LOG_ROOM / 2;
    (void)pthread_mutex_unlock(&log->mutex);
    if (waits)
        (void)nanosleep(&pause, NULL); /* woken early, it only writes sooner */
    (void)pthread_mutex_lock(&log->mutex);
    size_t length = log->used;
    char *bytes = log->waiting;
    log->waiting = log->written;
    log->written = bytes;
    log->used = 0;
    (void)pthread_cond_broadcast(&log->taken);
    (void)pthread_mutex_unlock(&log->mutex);
    return length;
}

static void *write_on(void *pointer)
{
    struct log *log = pointer;
    for (size_t length; (length = take(log)) > 0;)
        write_lines(log, log->written, length);
    return NULL;
}

static int start(struct log *log)
{
    pthread_condattr_t monotonic;
    if (pthread_condattr_init(&monotonic) != 0)
        return -1;
    bool some = pthread_cond_init(&log->some, NULL) == 0;
    bool taken = pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) == 0 &&
                 pthread_cond_init(&log->taken, &monotonic) == 0;
    (void)pthread_condattr_destroy(&monotonic);
    if (some && taken && pthread_create(&log->thread, NULL, write_on, log) == 0)
        return 0;
    if (some)
        (void)pthread_cond_destroy(&log->some);
    if (taken)
        (void)pthread_cond_destroy(&log->taken);
    return -1;
}

int log_gather(struct log *log)
{
    log->waiting = malloc(LOG_ROOM);
    log->written = malloc(LOG_ROOM);
    log->ends = false;
    if (log->waiting == NULL || log->written == NULL || start(log) != 0) {
        free(log->waiting);
        free(log->written);
        return -1;
    }
    log->gathers = true;
    return 0;
}

void log_settle(struct log *log)
{
    (void)pthread_mutex_lock(&log->mutex);
    bool gathers = log->gathers;
    log->ends = true;
    if (gathers)
        (void)pthread_cond_signal(&log->some);
    (void)pthread_mutex_unlock(&log->mutex);
    if (!gathers)
        return;
    (void)pthread_join(log->thread, NULL);
    (void)pthread_mutex_lock(&log->mutex);
    write_lines(log, log->waiting, log->used); /* what came since the thread looked last */
    log->gathers = false;
    free(log->waiting);
    free(log->written);
    log->waiting = log->written = NULL;
    (void)pthread_mutex_unlock(&log->mutex);
    (void)pthread_cond_destroy(&log->some);
    (void)pthread_cond_destroy(&log->taken);
}

static struct timespec deadline(void)
{
    struct timespec at = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += LOG_WAIT_MS / 1000;
    return at;
}

/* The mutex is held. */
static void gather(struct log *log, const char *line, size_t length)
{
    struct timespec until = {0};
    int waited = 0;
    while (log->gathers && length <= LOG_ROOM && length > LOG_ROOM - log->used && waited == 0) {
        if (until.tv_sec == 0)
            until = deadline();
        waited = pthread_cond_timedwait(&log->taken, &log->mutex, &until);
    }
    if (!log->gathers || length > LOG_ROOM - log->used) {
        count_lost(log, line, length);
        return;
    }
    memcpy(log->waiting + log->used, line, length);
    if (log->used == 0)
        (void)pthread_cond_signal(&log->some);
    log->used += length;
}

void log_line(struct log *log, const char *line, size_t length)
{
    (void)pthread_mutex_lock(&log->mutex);
    if (log->gathers)
        gather(log, line, length);
    else
        write_piece(log, line, length);
    (void)pthread_mutex_unlock(&log->mutex);
}
