#include "base/log/log.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int log_init(struct log *log, int fd)
{
    struct stat file;
    *log = (struct log){.fd = fd, .is_file = fstat(fd, &file) == 0 && S_ISREG(file.st_mode)};
    atomic_init(&log->json, false);
    atomic_init(&log->dropped, 0);
    atomic_init(&log->ring, NULL);
    return pthread_mutex_init(&log->mutex, NULL) == 0 ? 0 : -1;
}

void log_done(struct log *log)
{
    log_settle(log);
    if (atomic_load_explicit(&log->gathers, memory_order_acquire))
        line_queue_done(&log->gather);
    (void)pthread_mutex_destroy(&log->mutex);
    line_ring_free(atomic_load_explicit(&log->ring, memory_order_acquire));
}

int log_keep(struct log *log)
{
    struct line_ring *none = NULL;
    struct line_ring *ring = line_ring_new();
    if (ring == NULL)
        return -1;
    if (!atomic_compare_exchange_strong(&log->ring, &none, ring))
        line_ring_free(ring); /* there is one already */
    return 0;
}

/* Before a lock is taken. */
static void keep_lines(struct log *log, const char *lines, size_t length)
{
    struct line_ring *ring = atomic_load_explicit(&log->ring, memory_order_acquire);
    if (ring != NULL)
        line_ring_put(ring, lines, length);
}

/* A pipe whose reader hangs would hold the thread, and the end of the service, for ever.  It is waited for
 * once, and then only looked at.  A file never lets us wait for a reader. */
static bool may_write(struct log *log)
{
    if (log->is_file)
        return true;
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
        size_t left = length - done;
        size_t step = left < PIPE_BUF || log->is_file ? left : PIPE_BUF;
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

/* As many whole lines at a time as a pipe takes without tearing; a file takes all at once, which matters:
 * where hundreds of threads want the processor, the one that writes gets a hundredth of it. */
static void write_lines(struct log *log, const char *bytes, size_t length)
{
    if (log->is_file && length > 0) {
        write_piece(log, bytes, length);
        return;
    }
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

static void *write_on(void *pointer)
{
    struct log *log = pointer;
    const char *bytes = NULL;
    for (size_t length; (length = line_queue_take(&log->gather, &bytes)) > 0;) {
        keep_lines(log, bytes, length);
        (void)pthread_mutex_lock(&log->mutex); /* nobody else's, until it is closed */
        write_lines(log, bytes, length);
        (void)pthread_mutex_unlock(&log->mutex);
    }
    return NULL;
}

int log_gather(struct log *log)
{
    if (line_queue_init(&log->gather) != 0)
        return -1;
    if (pthread_create(&log->thread, NULL, write_on, log) != 0) {
        line_queue_done(&log->gather);
        return -1;
    }
    atomic_store_explicit(&log->gathers, true, memory_order_release); /* others may be writing already */
    return 0;
}

void log_settle(struct log *log)
{
    if (!atomic_load_explicit(&log->gathers, memory_order_acquire) || log->settled)
        return;
    line_queue_close(&log->gather);
    (void)pthread_join(log->thread, NULL);
    log->settled = true;
}

void log_line(struct log *log, const char *line, size_t length)
{
    enum line_queue_result result = LINE_QUEUE_CLOSED;
    if (atomic_load_explicit(&log->gathers, memory_order_acquire))
        result = line_queue_put(&log->gather, line, length, LOG_WAIT_MS);
    if (result == LINE_QUEUE_FULL)
        count_lost(log, line, length);
    if (result != LINE_QUEUE_CLOSED)
        return;
    keep_lines(log, line, length);
    (void)pthread_mutex_lock(&log->mutex);
    write_lines(log, line, length);
    (void)pthread_mutex_unlock(&log->mutex);
}
