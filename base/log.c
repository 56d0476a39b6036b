#include "base/log.h"

#include <errno.h>
#include <unistd.h>

int log_init(struct log *log, int fd)
{
    log->fd = fd;
    log->torn = false;
    atomic_init(&log->dropped, 0);
    return pthread_mutex_init(&log->mutex, NULL) == 0 ? 0 : -1;
}

void log_done(struct log *log)
{
    (void)pthread_mutex_destroy(&log->mutex);
}

/* How many bytes of it were written. */
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

void log_line(struct log *log, const char *line, size_t length)
{
    size_t done = 0;
    (void)pthread_mutex_lock(&log->mutex);
    if (log->torn && write_all(log->fd, "\n", 1) == 1)
        log->torn = false;
    if (!log->torn) {
        done = write_all(log->fd, line, length);
        log->torn = done > 0 && done < length;
    }
    (void)pthread_mutex_unlock(&log->mutex);
    if (done < length)
        atomic_fetch_add_explicit(&log->dropped, 1, memory_order_relaxed);
}
