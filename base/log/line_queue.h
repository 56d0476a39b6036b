/* base/log/line_queue.h - lines from many threads for one, in the order in which they came.
 *
 * Whoever brings one takes no lock while there is room: a preempted lock holder would block hundreds of
 * threads. They block only when the reader falls behind. */
#ifndef BASE_LOG_LINE_QUEUE_H
#define BASE_LOG_LINE_QUEUE_H

#include "base/base.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
    LINE_QUEUE_MS = 5,             /* how long the first line in an empty buffer waits for more, at most */
    LINE_QUEUE_ROOM = 1024 * 1024, /* bytes that wait: some 1,500 lines of the access log                 */
};

/* One that is being filled, or one that is being read. */
struct line_queue_room {
    char *bytes;         /* LINE_QUEUE_ROOM */
    atomic_size_t there; /* so many of those that have a place are there already */
};

struct line_queue {
    struct line_queue_room rooms[2];
    atomic_uint_least64_t
        state; /* which room is being filled, how many bytes of it have found a place: see line_queue.c */
    pthread_mutex_t mutex; /* of those who wait */
    pthread_cond_t some;   /* for one that takes */
    pthread_cond_t taken;  /* for those who bring */
    atomic_uint waiting;   /* so many of them */
    bool busy;             /* of the one that takes: several lines came together */
};

/* -1, and nothing is there, when memory is out. */
MUST_USE int line_queue_init(struct line_queue *gather);
void line_queue_done(struct line_queue *gather);

enum line_queue_result { LINE_QUEUE_TAKEN, LINE_QUEUE_FULL, LINE_QUEUE_CLOSED };

/* LINE_QUEUE_FULL: there was no room for it within `wait_ms`, or is none for so long a line. */
enum line_queue_result line_queue_put(struct line_queue *gather, const char *line, size_t length,
                                      long wait_ms);

/* What has come, until the next call: one thread's.  Waits for it; 0 bytes: it is closed, and nothing is
 * left. */
size_t line_queue_take(struct line_queue *gather, const char **bytes);

/* Nothing is put any more. */
void line_queue_close(struct line_queue *gather);

#endif
