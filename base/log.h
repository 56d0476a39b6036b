/* base/log.h - whole lines to a file descriptor, from any thread. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/base.h"

#include <pthread.h>
#include <stdatomic.h>

struct log {
    int fd; /* borrowed */
    pthread_mutex_t mutex;
    bool torn;             /* the last line is there in part only: the next one starts with a line feed */
    atomic_ullong dropped; /* lines that could not be written: the disk is full, the reader is gone */
};

MUST_USE int log_init(struct log *log, int fd);
void log_done(struct log *log);

/* Writes the line (which ends in '\n') without a stranger's line in its middle.  A line that cannot be
 * written is counted, not waited for. */
void log_line(struct log *log, const char *line, size_t length);

#endif
