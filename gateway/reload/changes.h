/* gateway/reload/changes.h - what is in force, in the audit file: with every reload.  The start's is in the
 * record that opens the file. */
#ifndef GATEWAY_RELOAD_CHANGES_H
#define GATEWAY_RELOAD_CHANGES_H

#include "config/model/config.h"
#include "gateway/audit/audit.h"

/* Each appends a record, or nothing where `audit` is NULL.  One that cannot be written is counted and told
 * as any other, and stops nothing: the gateway serves either way.  `by` asked: "SIGHUP" or "POST /reload".
 * What differs is said in words, as far as that costs little. */
void changes_reload(struct audit *audit, const struct config *old, const struct config *new, const char *by);

/* `errors`: lines. */
void changes_refused(struct audit *audit, const struct config *stays, const char *by, const char *errors);

#endif
