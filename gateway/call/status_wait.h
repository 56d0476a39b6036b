/* gateway/call/status_wait.h - who asks how a task is may wait for its end: GET /tasks/{taskId}.
 *
 * `Prefer: wait=30` (RFC 7240) repeats the question, each as the same sealed call, until the task is over,
 * the time is up, the gateway drains or the client has gone: with the pauses and the limits of task_wait.h.
 * An answer that tells that the task runs says when to ask again. */
#ifndef GATEWAY_CALL_STATUS_WAIT_H
#define GATEWAY_CALL_STATUS_WAIT_H

#include "gateway/exchange/exchange.h"

enum { STATUS_WAIT_RETRY_US = 2000000 }; /* Retry-After of a task that runs: most take some seconds */

/* Of an answer that is good, and as the cloud gave it.  Nothing for routes that tell of no task. */
void status_wait_wait(struct exchange *x);

#endif
