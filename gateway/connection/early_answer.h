/* gateway/connection/early_answer.h - an answer without a walk: whole, but nothing was read and nobody is
 * asked. */
#ifndef GATEWAY_CONNECTION_EARLY_ANSWER_H
#define GATEWAY_CONNECTION_EARLY_ANSWER_H

#include "base/buf.h"
#include "gateway/http/problem.h"

enum { EARLY_ANSWER_MAX = 2048 }; /* bytes of one */

/* The answer alone; `types` as in response_head_put_type(). */
void early_answer_put(struct buf *answer, const char *types, enum problem problem, const char *detail);

/* Writes the answer to a connected socket, without waiting, ends the sending side, and forgets. */
void early_answer_send(int fd, const char *types, enum problem problem, const char *detail);

/* Reads what the client has sent so far, 16 KiB at most, without waiting: closing with bytes unread would
 * reset the connection under an answer. */
void early_answer_forget(int fd);

#endif
