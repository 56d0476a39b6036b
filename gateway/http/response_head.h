/* gateway/http/response_head.h - how every response of ours begins: the status line, the fields that say what
 * follows, and those that keep it from being stored or guessed at.  What only one kind of answer has is put
 * behind it, then an empty line.  The only writer of a status line. */
#ifndef GATEWAY_HTTP_RESPONSE_HEAD_H
#define GATEWAY_HTTP_RESPONSE_HEAD_H

#include "base/base.h"
#include "base/buf.h"
#include "gateway/http/problem.h"
#include "gateway/http/trace.h"

#define RESPONSE_HEAD_PROBLEM_TYPE "application/problem+json"

struct response_head {
    int status;
    int64_t date_ms;           /* since 1970 */
    const char *type;          /* media type; NULL: there is nothing to have one */
    size_t length;             /* of the content; a 204 has none */
    const char *request_id;    /* or NULL */
    const struct trace *trace; /* or NULL */
};

void response_head_put(struct buf *out, const struct response_head *head);

/* "Name: value", ended. */
void response_head_put_field(struct buf *out, const char *name, const char *value);

/* RFC 9457: the member `type` of a problem with this name.  `types` is config.problem_types; NULL: the
 * default. */
void response_head_put_type(struct buf *body, const char *types, const char *name);

/* Likewise, the members that every problem has, in an object that is open.  `detail` and `request_id` may be
 * NULL. */
void response_head_put_problem(struct buf *body, const char *types, const struct problem_kind *kind,
                               int status, const char *detail, const char *request_id, bool retryable);

#endif
