/* base/log.h - whole lines to a file descriptor, from any thread.
 *
 * A log writes each line as it comes; or, between log_gather() and log_settle(), a thread of its own writes
 * what came, LOG_GATHER_MS after the first of it: a system call for each line would be a tenth of a request's
 * work, and callers would wait for one another's.  A process that is killed loses lines of that age at most;
 * one that ends in order loses none. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/base.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
    LOG_GATHER_MS = 5,
    LOG_ROOM = 1024 * 1024, /* bytes that wait to be written: some 1,500 lines                      */
    LOG_WAIT_MS = 1000,     /* for room: a reader that is slower than that costs lines, not requests */
    LOG_PIECE = 4096, /* in one write(), unless a line is longer: PIPE_BUF, which a pipe does not tear */
};

struct log {
    int fd; /* borrowed */
    pthread_mutex_t mutex;
    bool torn;             /* the last line is there in part only: the next one starts with a line feed */
    bool stuck;            /* its reader does not read */
    atomic_ullong dropped; /* lines that could not be written: the disk is full, the reader is gone */

    bool gathers;         /* there is a thread, and lines go to `waiting` */
    bool ends;            /* the thread has to */
    pthread_t thread;     /* owns `written` */
    pthread_cond_t some;  /* there is a line */
    pthread_cond_t taken; /* there is room again */
    char *waiting;        /* LOG_ROOM bytes, of which so many are used */
    size_t used;
    char *written; /* the other LOG_ROOM bytes */
};

MUST_USE int log_init(struct log *log, int fd);
void log_done(struct log *log);

/* -1, and nothing changes, when memory or threads are out.  Before other threads write. */
MUST_USE int log_gather(struct log *log);

/* All that came before is written when it returns; from then on lines are written as they come. */
void log_settle(struct log *log);

/* Takes the line (which ends in '\n'); it is never written with a stranger's line in its middle.  A line that
 * cannot be written is counted, not waited for. */
void log_line(struct log *log, const char *line, size_t length);

#endif
