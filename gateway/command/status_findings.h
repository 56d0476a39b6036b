/* gateway/command/status_findings.h - what is wrong with a gateway, by what its admin listener says; and what
 * to do about each. */
#ifndef GATEWAY_COMMAND_STATUS_FINDINGS_H
#define GATEWAY_COMMAND_STATUS_FINDINGS_H

#include "base/base.h"
#include "base/buf.h"

#include <jansson.h>

struct status_findings {
    struct buf wrong; /* text: numbered, each with its details and what to do */
    struct buf notes; /* text: what is worth a look, and is no fault */
    struct buf json;  /* the first again, as elements of an array: what, do */
    unsigned count;   /* of what is wrong */
};

void status_findings_init(struct status_findings *found);
void status_findings_done(struct status_findings *found);

/* One that the command itself knows; `detail` may be NULL. */
void status_findings_add(struct status_findings *found, const char *what, const char *detail,
                         const char *advice);

/* `ready`: the body of /readyz; `metrics`: of /metrics, or "". */
void status_findings_look(struct status_findings *found, json_t *ready, const char *metrics);

#endif
