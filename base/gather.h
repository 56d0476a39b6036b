/* base/gather.h - lines from many threads for one, in the order in which they came.
 *
 * Whoever brings one takes no lock while there is room: a thread that is put off the processor with a lock
 * makes all others wait for it, and there may be hundreds.  They only wait for whoever takes, when that is
 * slower than they. */
#ifndef BASE_GATHER_H
#define BASE_GATHER_H

#include "base/base.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
    GATHER_MS = 5,             /* how long what was brought to nothing is left for more to come to it */
    GATHER_ROOM = 1024 * 1024, /* bytes that wait: some 1,500 lines of the access log                 */
};

/* One that is being filled, or one that is being read. */
struct gather_room {
    char *bytes;         /* GATHER_ROOM */
    atomic_size_t there; /* so many of those that have a place are there already */
};

struct gather {
    struct gather_room rooms[2];
    atomic_uint_least64_t
        state; /* which room is being filled, how many bytes of it have found a place: see gather.c */
    pthread_mutex_t mutex; /* of those who wait */
    pthread_cond_t some;   /* for one that takes */
    pthread_cond_t taken;  /* for those who bring */
    atomic_uint waiting;   /* so many of them */
};

/* -1, and nothing is there, when memory is out. */
MUST_USE int gather_init(struct gather *gather);
void gather_done(struct gather *gather);

enum gather_result { GATHER_TAKEN, GATHER_FULL, GATHER_CLOSED };

/* GATHER_FULL: there was no room for it within `wait_ms`, or is none for so long a line. */
enum gather_result gather_put(struct gather *gather, const char *line, size_t length, long wait_ms);

/* What has come, until the next call: one thread's.  Waits for it; 0 bytes: it is closed, and nothing is
 * left. */
size_t gather_take(struct gather *gather, const char **bytes);

/* Nothing is put any more. */
void gather_close(struct gather *gather);

#endif
