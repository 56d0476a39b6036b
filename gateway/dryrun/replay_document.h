/* gateway/dryrun/replay_document.h - a past call by the cloud's own document, as far as its record knows it.
 *
 * A record has the members that rules named then, which of them were not there or not in each item of a list,
 * and how many values the rest had; not what they were. */
#ifndef GATEWAY_DRYRUN_REPLAY_DOCUMENT_H
#define GATEWAY_DRYRUN_REPLAY_DOCUMENT_H

#include "auth/call.h"

#include <jansson.h>

/* By the names that a record has; NULL: the candidate's definitions have none such. */
const struct config_action *replay_document_action(const struct config *config, const char *service,
                                                   const char *action);

/* Does the record have what rules for this client and action ask about? */
bool replay_document_is_known(const struct config *config, const struct config_client *client,
                              const struct config_action *action, const json_t *line);

/* The sealed call.  NULL: it is not one, or memory is out. */
MUST_USE struct call *replay_document_call(const struct config *config, const struct config_action *action,
                                           const json_t *line, const char *region, struct arena *arena);

#endif
