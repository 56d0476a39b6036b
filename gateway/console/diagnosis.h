/* gateway/console/diagnosis.h - what is wrong with a gateway, by what its admin listener says; and what to do
 * about each. */
#ifndef GATEWAY_CONSOLE_DIAGNOSIS_H
#define GATEWAY_CONSOLE_DIAGNOSIS_H

#include "base/base.h"

#include <jansson.h>

/* `what`, `detail` and `do` are sentences, `lines` are of a file; what is absent is not said.  Each is an
 * array of such objects. */
struct diagnosis {
    json_t *wrong;
    json_t *notes; /* worth a look, and no fault: `what` alone */
};

/* -1: memory is out. */
MUST_USE int diagnosis_init(struct diagnosis *found);
void diagnosis_done(struct diagnosis *found);

/* One that the asker itself knows; `detail` and `lines` (borrowed) may be NULL. */
void diagnosis_add(struct diagnosis *found, const char *what, const char *detail, const char *advice,
                   json_t *lines);

/* `ready`: the body of /readyz; `metrics`: of /metrics, or "". */
void diagnosis_look(struct diagnosis *found, json_t *ready, const char *metrics);

#endif
