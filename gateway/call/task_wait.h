/* gateway/call/task_wait.h - a change goes on after its answer: where to ask how it is, and waiting for
 * its end.  `Prefer: wait=30` (RFC 7240) on a change, or on the question how its task is, looks at its
 * task until it is over, the time is up, the gateway drains or the client has gone.  Between two looks
 * neither a slot nor a worker is held, only the client's place in flight; one look is under way at a
 * time.  Who comes beyond those who may wait (waiting.h) is answered at once. */
#ifndef GATEWAY_CALL_TASK_WAIT_H
#define GATEWAY_CALL_TASK_WAIT_H

#include "base/buf.h"
#include "gateway/exchange/exchange.h"

enum {
    TASK_WAIT_WAIT_MAX_S = 60,         /* asking for more waits as long as this: proxies give up at 60 s */
    TASK_WAIT_PAUSE_FIRST_US = 200000, /* before the first look, then twice as long each time, */
    TASK_WAIT_PAUSE_MAX_US = 5000000,  /* up to this: a client of the vendor's asks every 10 s */
    TASK_WAIT_RETRY_US = 2000000,      /* Retry-After of a task that runs: most take some seconds */
};

/* "Location: /tasks/135254\r\n", when the answer names a task and a route tells how it is. */
void task_wait_put_location(struct buf *out, const struct exchange *x);

/* Of a change that was answered well: it is waited for, if the caller prefers that. */
void task_wait_begin(struct exchange *x);

/* Of an answer that is good, as the cloud gave it, and tells how a task is (GET /tasks/{taskId}): the same
 * sealed call is the look.  Where the task runs, the answer says when to ask again.  Nothing for routes that
 * tell of no task. */
void task_wait_begin_at_status(struct exchange *x);

/* A stage, run again for each look.  The end of the task becomes the exchange's answer. */
enum problem task_wait_look(struct exchange *x);

/* How long the exchange's caller prefers to wait, in seconds; 0: not at all. */
int task_wait_seconds(const struct exchange *x);

/* The seconds of the first `wait` among the Prefer fields; 0 when there is none that makes sense. */
int task_wait_preferred_wait(const struct request_head *head);

#endif
