/* client/verdict.h - what an exchange means: an exit code, and one sentence where it is not good. */
#ifndef CLIENT_VERDICT_H
#define CLIENT_VERDICT_H

#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "client/client.h"
#include "client/wire.h"

/* `err` is wire_exchange()'s.  The sentence is written to `sentence`, without a line feed; nothing when it is
 * good. */
enum client_exit verdict_of(const struct order *order, enum wire_result result,
                            const struct wire_answer *answer, const struct err *err, struct buf *sentence);

enum verdict_task { VERDICT_NO_TASK, VERDICT_TASK_RUNNING, VERDICT_TASK_DONE, VERDICT_TASK_FAILED };

/* What a good answer says about a task: its member `status`. */
enum verdict_task verdict_task(const struct wire_answer *answer);

#endif
