/* sandbox/state/outcome.h - what became of one API request, in the words of both generations. */
#ifndef SANDBOX_STATE_OUTCOME_H
#define SANDBOX_STATE_OUTCOME_H

#include "base/base.h"
#include "base/buf.h"

/* Why a request is refused.  What each is called in either generation is the table in outcome.c. */
enum outcome_reason {
    OUTCOME_GOOD,
    OUTCOME_BAD_REQUEST, /* it cannot be read at all */
    OUTCOME_MISSING,
    OUTCOME_BAD_VALUE,
    OUTCOME_BAD_TYPE,
    OUTCOME_BAD_RANGE,
    OUTCOME_TOO_LONG,
    OUTCOME_MALFORMED, /* an id that can be none */
    OUTCOME_UNKNOWN_PARAMETER,
    OUTCOME_BAD_FILTER,
    OUTCOME_TOGETHER, /* two parameters that exclude each other */
    OUTCOME_NO_REGION,
    OUTCOME_BAD_SIGNATURE,
    OUTCOME_BAD_AUTHORIZATION,
    OUTCOME_UNKNOWN_SECRET_ID,
    OUTCOME_BAD_TOKEN,
    OUTCOME_REPLAY,
    OUTCOME_NO_ROLE,
    OUTCOME_NOT_TRUSTED,  /* by the role */
    OUTCOME_BAD_IDENTITY, /* the token of a web identity */
    OUTCOME_LONG_LIFE,    /* longer than a role is assumed for */
    OUTCOME_NO_VPC,
    OUTCOME_NO_INSTANCE,
    OUTCOME_NO_LAN_IP,
    OUTCOME_NO_TASK,
    OUTCOME_LINKED,
    OUTCOME_FULL,
    OUTCOME_NOT_FOUND, /* a resource that generation 2 knows nothing of */
    OUTCOME_IN_USE,
    OUTCOME_NOT_CLASSIC,
    OUTCOME_INSTANCE_GONE, /* as cvm says it */
    OUTCOME_INSTANCE_MALFORMED,
    OUTCOME_NO_ADDRESS,
    OUTCOME_ADDRESS_MALFORMED,
    OUTCOME_DUPLICATE_POLICY,
    OUTCOME_OLD_VERSION,     /* of a group's policies */
    OUTCOME_SUBNET_RANGE,    /* not in the VPC's network    */
    OUTCOME_SUBNET_CONFLICT, /* another subnet has a part of it */
    OUTCOME_INTERNAL,
    OUTCOME_NO_ACTION,
    OUTCOME_NO_VERSION,
};

enum { OUTCOME_REQUEST_ID_SIZE = sizeof "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx" };

struct outcome {
    int code;                                 /* generation 2; 0: good */
    const char *code_desc;                    /* generation 2; NULL where no document gives one */
    const char *name;                         /* generation 3: the Error's Code */
    char message[256];                        /* without the module number of generation 2 */
    long long task_id;                        /* 0: no task */
    char request_id[OUTCOME_REQUEST_ID_SIZE]; /* generation 3; of a change, the task's */
    bool changed;                             /* the state is not what it was */
};

/* Always returns -1.  The first refusal wins. */
int outcome_refuse(struct outcome *outcome, enum outcome_reason reason, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* A refusal made up by a fault: any number, perhaps with a codeDesc, which then is the Code of generation 3
 * too.  `code_desc` is borrowed. */
void outcome_pretend(struct outcome *outcome, int code, const char *code_desc, const char *message);

/* The error envelope of generation 2: code, message, and codeDesc when there is one. */
void outcome_put(const struct outcome *outcome, struct buf *body);

/* That of generation 3: Response, with Error and RequestId. */
void outcome_put3(const struct outcome *outcome, struct buf *body);

#endif
