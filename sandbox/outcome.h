/* sandbox/outcome.h - what became of one API request. */
#ifndef SANDBOX_OUTCOME_H
#define SANDBOX_OUTCOME_H

#include "base/base.h"
#include "base/buf.h"

/* Numbers from the vendor's table of common errors.  Which number goes with a business code such as
 * InvalidVpc.NotFound is published nowhere: 5000 and 5100 are this sandbox's choice. */
enum outcome_code {
    OUTCOME_GOOD = 0,
    OUTCOME_BAD_PARAMETER = 4000,
    OUTCOME_BAD_SIGNATURE = 4100,
    OUTCOME_UNKNOWN_SECRET_ID = 4104,
    OUTCOME_BAD_TOKEN = 4105,
    OUTCOME_REPLAY = 4500,
    OUTCOME_NOT_FOUND = 5000,
    OUTCOME_FAILED = 5100,
    OUTCOME_INTERNAL = 6000,
    OUTCOME_UNSUPPORTED = 6100,
};

struct outcome {
    int code;
    const char *code_desc; /* NULL where no document gives one */
    char message[256];     /* without the module number        */
    long long task_id;     /* 0: no task                       */
    bool changed;          /* the state is not what it was     */
};

/* Always returns -1.  The first refusal wins. */
int outcome_refuse(struct outcome *outcome, int code, const char *code_desc, const char *format, ...)
    PRINTF_LIKE(4, 5);

/* The error envelope: code, message, and codeDesc when there is one. */
void outcome_put(const struct outcome *outcome, struct buf *body);

#endif
