/* base/log/log.h - whole lines to a file descriptor, from any thread.
 *
 * A log writes each line as it comes; or, between log_gather() and log_settle(), a thread of its own writes
 * what came, LINE_QUEUE_MS after the first of it: a system call for each line would be a tenth of a request's
 * work, and callers would wait for one another's.  A process that is killed loses lines of that age at most;
 * one that ends in order loses none. */
#ifndef BASE_LOG_LOG_H
#define BASE_LOG_LOG_H

#include "base/base.h"
#include "base/log/line_queue.h"
#include "base/log/line_ring.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
    LOG_WAIT_MS = 1000, /* for room: a reader that is slower than that costs lines, not requests */
    LOG_PIECE = 4096,   /* in one write(), unless a line is longer: PIPE_BUF, which a pipe does not tear */
};

struct log {
    int fd; /* borrowed */
    bool is_file;
    pthread_mutex_t mutex;
    bool torn;             /* the last line is there in part only: the next one starts with a line feed */
    bool stuck;            /* its reader does not read */
    atomic_bool json;      /* of operator_log.h: lines are objects */
    atomic_ullong dropped; /* lines that could not be written: the disk is full, the reader is gone */
    _Atomic(struct line_ring *) ring; /* which has copies of the last lines; NULL: nobody has */

    atomic_bool gathers; /* lines go to `gather`, until that is closed, and the thread writes them */
    bool settled;        /* it is closed, and the thread has ended */
    pthread_t thread;
    struct line_queue gather;
};

MUST_USE int log_init(struct log *log, int fd);
void log_done(struct log *log);

/* -1, and nothing changes, when memory or threads are out.  Once; other threads may write meanwhile. */
MUST_USE int log_gather(struct log *log);

/* From now on, for as long as the log, copies of the last lines are kept: the thread that writes takes them.
 * -1: memory is out. */
MUST_USE int log_keep(struct log *log);

/* All that came before is written when it returns; from then on lines are written as they come.  One
 * thread's. */
void log_settle(struct log *log);

/* Takes the line (which ends in '\n'), or several of at most LINE_QUEUE_ROOM bytes; none is ever written with
 * a stranger's line in its middle.  A line that cannot be written is counted, not waited for. */
void log_line(struct log *log, const char *line, size_t length);

#endif
