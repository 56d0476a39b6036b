/* client/task_progress.h - waiting for the end of a task, with a word on the terminal. */
#ifndef CLIENT_TASK_PROGRESS_H
#define CLIENT_TASK_PROGRESS_H

#include "client/client.h"
#include "client/http.h"

struct task_progress {
    const struct options *order;
    struct http *wire;
    int64_t began_ms; /* monotonic */
    bool terminal;    /* standard error is one */
    int64_t shown_s;  /* the seconds that stand there, to be wiped at the end; 0: nothing */
};

void task_progress_begin(struct task_progress *watch, const struct options *order, struct http *wire);

/* For wire_request's tick: "waiting for the end, 12 s". */
void task_progress_tick(void *watch);

/* Wipes what the ticks have shown. */
void task_progress_quiet(struct task_progress *watch);

/* After a good answer: looks at its task until it is over or the order's time is up.  `answer` becomes the
 * last look's. The exit code, with its sentence where it is not CLIENT_GOOD. */
enum client_exit task_progress_task(struct task_progress *watch, struct http_answer *answer,
                                    struct buf *sentence);

#endif
