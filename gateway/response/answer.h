/* gateway/response/answer.h - the upstream's answer: read, and judged by one table for both generations of
 * the API.
 *
 * API 2.0 answers {"code": 0, "message": "", ...}; the numeric code and the codeDesc can both be there,
 * either can be a number or a string.  codeDesc decides where it is known.  API 3.0 answers {"Response":
 * {...}}, with an Error in it that has a name and no number. */
#ifndef GATEWAY_RESPONSE_ANSWER_H
#define GATEWAY_RESPONSE_ANSWER_H

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "base/json/json_value.h"
#include "config/model/config.h"

enum {
    ANSWER_TEXT_MAX = 512,
    ANSWER_SEEN_MAX = 12 * 1024 * 1024, /* bytes of what callers see of one: see gateway/call/caller_view.h */
};

struct answer {
    const char *bytes; /* the upstream's JSON, as it came; NULL: none that makes sense */
    size_t length;
    bool named;             /* the code is a name, code_desc, and no number */
    long long code;         /* not 0 where it is a name */
    const char *code_desc;  /* or NULL */
    const char *message;    /* or NULL */
    const char *task;       /* the text of the field that names a task, or NULL */
    const char *detail;     /* of a refusal or a partial success: JSON, or NULL */
    const char *request_id; /* the cloud's (API 3.0), or NULL */

    /* Of a good answer, in `bytes`; each may be none. */
    struct json_value members; /* the object whose members callers see: all of it, or its Response */
    struct json_value list;    /* the page; null is an empty one */
    struct json_value total;
    struct json_value single; /* what has no item where there is no such thing */
    struct json_value state;  /* how a task is */
    struct json_value task_value;
    struct json_value next; /* of a page: the token of the next one */
    struct json_value
        last; /* whether it is the last; of a document both are written by gateway/call/pages.h */
};

/* -1 when it is not one JSON object with a code, or a Response, or has twice what the gateway decides by: a
 * member of this envelope, or what `route` says of lists and tasks; `err` says which.  What else is in it is
 * only carried, and anything that JSON can be.  Texts are copied into `arena`; `bytes` is borrowed. */
MUST_USE int answer_read(const char *bytes, size_t length, const struct config_route *route, int api,
                         struct arena *arena, struct answer *answer, struct err *err);

/* The cloud has done what it was asked for. */
bool answer_is_good(const struct answer *answer);

/* Its bytes, and all that stands in them, move to `arena`. */
MUST_USE int answer_keep(struct answer *answer, struct arena *arena);

#endif
