/* sandbox/actions/sts.h - STS of generation 3: roles of the state's file that are assumed.
 *
 * Version 2018-08-13.  A role's own `life`, where it has one, wins over DurationSeconds: tests want seconds.
 */
#ifndef SANDBOX_ACTIONS_STS_H
#define SANDBOX_ACTIONS_STS_H

#include "sandbox/call/action.h"
#include "sandbox/state/session.h"

MUST_USE int sts_assume_role(struct action_call *call);
MUST_USE int sts_assume_role_with_web_identity(struct action_call *call);

/* The members of a credential, as STS and the metadata service both have them. */
void sts_put_credential(struct buf *out, const struct state_session *session);
void sts_put_end(struct buf *out, const struct state_session *session);

#endif
