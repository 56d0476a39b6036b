/* sandbox/command/service.h - the walk of an API request, and what is counted on the way. */
#ifndef SANDBOX_COMMAND_SERVICE_H
#define SANDBOX_COMMAND_SERVICE_H

#include "base/base.h"
#include "base/err.h"
#include "sandbox/fault/fault.h"
#include "sandbox/http/http.h"
#include "sandbox/command/journal.h"
#include "sandbox/state/state.h"

struct settings;

struct service_options {
    int64_t window;          /* seconds */
    const char *journal;     /* path, or NULL */
    const char *definitions; /* their folder; NULL: where the package puts them */
    bool quiet;
};

/* Takes the state and the faults in any case; NULL with the reason. */
MUST_USE struct settings *service_new(struct state **state, struct fault_set **faults,
                                      const struct service_options *options, struct err *err);
void service_free(struct settings *service);

/* Answers anything: the API, the control page, 404 for the rest.  May be called by many threads.  False: the
 * request is to be dropped, memory is out. */
MUST_USE bool service_answer(struct settings *service, const struct http_request *request,
                             struct http_answer *answer);

/* What http_read() could not read: an answer with its status, after which the connection is closed. */
void service_refuse(struct http_request *request, struct http_answer *answer, int status);

#endif
