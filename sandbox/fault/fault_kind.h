/* sandbox/fault/fault_kind.h - the table of faults: what each is called, takes, and does to an answer. */
#ifndef SANDBOX_FAULT_FAULT_KIND_H
#define SANDBOX_FAULT_FAULT_KIND_H

#include "base/base.h"

enum fault_class {
    FAULT_CLOCK,   /* the time that the request is judged by     */
    FAULT_PACE,    /* how fast a good answer comes               */
    FAULT_OUTCOME, /* what is answered, or that nothing is       */
    FAULT_CLASSES,
};

enum fault_value { FAULT_NO_VALUE, FAULT_NUMBER, FAULT_MAYBE_NUMBER, FAULT_TEXT };

struct fault;
struct api_request;

struct fault_kind {
    const char *name;
    const char *takes; /* for --help: "=MS" */
    enum fault_class class;
    bool executes; /* the request is verified and executed as ever, then the answer is spoilt */
    enum fault_value value;
    long long min;
    long long max;
    bool (*check)(const struct fault *fault); /* of a text; NULL: any will do */
    void (*apply)(const struct fault *fault, struct api_request *exchange);
    const char *help;
};

/* NULL when there is none of that name. */
const struct fault_kind *fault_kind_find(const char *name, size_t length);

/* All of them, for --help. */
const struct fault_kind *fault_kind_table(size_t *count);

#endif
