/* client/exit_code.h - what an exchange means: an exit code, and one sentence where it is not good. */
#ifndef CLIENT_EXIT_CODE_H
#define CLIENT_EXIT_CODE_H

#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "client/client.h"
#include "client/http.h"

/* `err` is http_exchange()'s.  The sentence is written to `sentence`, without a line feed; nothing when it is
 * good. */
enum client_exit exit_code_of(const struct options *order, enum http_result result,
                              const struct http_answer *answer, const struct err *err, struct buf *sentence);

enum exit_code_task { EXIT_CODE_NO_TASK, EXIT_CODE_TASK_RUNNING, EXIT_CODE_TASK_DONE, EXIT_CODE_TASK_FAILED };

/* What a good answer says about a task: its member `status`. */
enum exit_code_task exit_code_task(const struct http_answer *answer);

#endif
