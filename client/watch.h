/* client/watch.h - waiting for the end of a task, with a word on the terminal. */
#ifndef CLIENT_WATCH_H
#define CLIENT_WATCH_H

#include "client/client.h"
#include "client/wire.h"

struct watch {
    const struct order *order;
    struct wire *wire;
    int64_t began_ms; /* monotonic */
    bool terminal;    /* standard error is one */
    int64_t shown_s;  /* the seconds that stand there, to be wiped at the end; 0: nothing */
};

void watch_begin(struct watch *watch, const struct order *order, struct wire *wire);

/* For wire_request's tick: "waiting for the end, 12 s". */
void watch_tick(void *watch);

/* Wipes what the ticks have shown. */
void watch_quiet(struct watch *watch);

/* After a good answer: looks at its task until it is over or the order's time is up.  `answer` becomes the
 * last look's. The exit code, with its sentence where it is not CLIENT_GOOD. */
enum client_exit watch_task(struct watch *watch, struct wire_answer *answer, struct buf *sentence);

#endif
