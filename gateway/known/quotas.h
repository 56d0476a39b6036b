/* gateway/known/quotas.h - how many calls a rule, an upstream or one of its actions takes, of all
 * clients together.
 *
 * A quota is shared: while several clients want it, each has an equal part of the rate, and what one leaves
 * others may use, but for the half that is kept for those within their part.  Safe from many threads, without
 * a lock. */
#ifndef GATEWAY_KNOWN_QUOTAS_H
#define GATEWAY_KNOWN_QUOTAS_H

#include "auth/call.h"
#include "base/base.h"
#include "config/model/config.h"

struct quotas; /* of one configuration */

/* What `previous`, which may be NULL, has used of the quotas of the same name stays used: so many calls, also
 * where the rate is another. */
MUST_USE struct quotas *quotas_new(const struct config *config, struct quotas *previous);
void quotas_free(struct quotas *quotas);

/* What is full; QUOTA_NONE: one call was taken from all that concern it. */
enum quota_full { QUOTA_NONE, QUOTA_RULE, QUOTA_UPSTREAM, QUOTA_ACTION };

/* `rule` has allowed the call; NULL for further calls of the same request.  *wait_us: until another is
 * taken. */
MUST_USE enum quota_full quotas_take(struct quotas *quotas, const struct config_rule *rule,
                                     const struct call *call, const struct config_client *client,
                                     int64_t now_us, int64_t *wait_us);

#endif
