/* gateway/exchange/answer.h - the upstream's answer: read, and judged by one table for both generations of
 * the API.
 *
 * API 2.0 answers {"code": 0, "message": "", ...}; the numeric code and the codeDesc can both be there,
 * either can be a number or a string.  codeDesc decides where it is known.  API 3.0 answers {"Response":
 * {...}}, with an Error in it that has a name and no number. */
#ifndef GATEWAY_EXCHANGE_ANSWER_H
#define GATEWAY_EXCHANGE_ANSWER_H

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "config/model/config.h"
#include "gateway/http/problem.h"

#include <limits.h>

enum { ANSWER_DEPTH_MAX = 32, ANSWER_TEXT_MAX = 512 };

#define ANSWER_NO_CODE LLONG_MIN

struct answer {
    const char *bytes; /* the upstream's JSON, as it came; NULL: none that makes sense */
    size_t length;
    long long code;         /* ANSWER_NO_CODE: the code was a name, which is code_desc then */
    const char *code_desc;  /* or NULL */
    const char *message;    /* or NULL */
    const char *task;       /* the text of the field that names a task, or NULL */
    const char *detail;     /* of a partial success: JSON, or NULL */
    const char *request_id; /* the cloud's (API 3.0), or NULL */
};

/* How the answer's code is told to a caller. */
struct answer_meaning {
    enum problem problem;
    bool executed_unknown; /* a change may have been executed in spite of the code */
    bool executed;         /* a change was executed, at least in part */
    bool other_credential; /* unknown, disabled or wrong key: another credential may be taken */
};

/* -1 when it is not one JSON object with a code, or a Response.  `route` names the field of a task.  Texts
 * are copied into `arena`; `bytes` is borrowed. */
MUST_USE int answer_read(const char *bytes, size_t length, const struct config_route *route, int api,
                         struct arena *arena, struct answer *answer, struct err *err);

struct answer_meaning answer_meaning(const struct answer *answer);

#endif
