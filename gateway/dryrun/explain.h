/* gateway/dryrun/explain.h - a decision in words: for people, or as JSON for scripts. */
#ifndef GATEWAY_DRYRUN_EXPLAIN_H
#define GATEWAY_DRYRUN_EXPLAIN_H

#include "auth/policy.h"
#include "base/base.h"
#include "base/buf.h"
#include "config/model/config.h"

/* Writes the route, the call that would be signed, each rule that matched or just missed with its line and
 * the first thing that failed, and the verdict.  A rule just missed when it is about this client and
 * action. */
void explain_text(struct buf *out, const struct config *config, const struct policy_question *question,
                  const struct policy_verdict *verdict);
void explain_json(struct buf *out, const struct config *config, const struct policy_question *question,
                  const struct policy_verdict *verdict);

#endif
