/* auth/policy.h - may this client make this call?  Answers only: no I/O, no log, no clock.
 *
 * Silence is no, any deny beats every allow, and the verdict names the rule that made it: among several the
 * first in the file.  An allow's `where` needs every value of a parameter to match; a deny's needs one.  A
 * parameter that the call does not have matches nothing, but in a strict deny.  An id of before whose current
 * one nobody knows could be any: it matches every deny, and an allow only where that names this very id.  So
 * does a task of which nobody knows who began it.  A rule in audit mode decides nothing.  All functions are
 * safe from many threads. */
#ifndef AUTH_POLICY_H
#define AUTH_POLICY_H

#include "auth/call.h"
#include "base/base.h"
#include "base/system/network.h"
#include "config/model/config.h"

/* Of the task that a call asks about. */
enum policy_owner { POLICY_OWNER_UNKNOWN, POLICY_OWNER_CALLER, POLICY_OWNER_OTHER };

/* As a test or an operator says it. */
enum policy_owner policy_owner_of(enum config_own own);

struct policy_question {
    const struct config_client *client;
    const struct call *call; /* sealed */
    struct network source;   /* the caller's address */
    const char *subject;     /* who is behind the client, as it says, or NULL */
    int64_t now;             /* seconds since 1970 */
    enum policy_owner owner;
};

struct policy_verdict {
    bool allowed;
    const struct config_rule *because; /* NULL: no rule spoke */
    const struct config_rule
        *audit;     /* the first in audit mode that would have changed the verdict, or NULL */
    uint32_t tried; /* rules that were looked at one by one: where there are thousands, few of them */
};

/* The client and the call's route are of one configuration. */
struct policy_verdict policy_decide(const struct policy_question *question);

/* A rule that decides at some times and not at others, all else being as the question says: the first in the
 * file, or NULL. */
const struct config_rule *policy_timed(const struct config *config, const struct policy_question *question);

/* What kept a call from being allowed, where no rule spoke: of the allows for its client and action the
 * miss of the one that came nearest, and its condition as policy_try() tells it; POLICY_OTHER_ACTION where
 * there is none.  *condition is NULL, too, where several came as near by different parameters.  Of many rules
 * one that misses by several conditions counts for the one by which it is filed (rule_hash.h). */
enum policy_miss policy_nearest(const struct policy_question *question,
                                const struct config_condition **condition);

/* Could any call of that route be allowed, whatever its parameters and the hour?  For telling a client what
 * there is for it: each call is still decided by itself. */
bool policy_may(const struct config_client *client, const struct config_route *route,
                const struct network *source, int64_t now);

/* What kept a rule from matching: the first thing, in this order. */
enum policy_miss {
    POLICY_MATCHES,
    POLICY_OTHER_CLIENT,
    POLICY_OTHER_ACTION,
    POLICY_OTHER_EFFECT,
    POLICY_EXPIRED,
    POLICY_OTHER_SOURCE,
    POLICY_OTHER_TIME,
    POLICY_OTHER_SUBJECT,
    POLICY_OTHER_VALUE, /* *condition tells which */
    POLICY_OTHER_OWNER,
};

/* The very check that policy_decide() makes of one rule, with that of client and action in front, by which it
 * has found the rule.  `condition` may be NULL. */
enum policy_miss policy_try(const struct config_rule *rule, const struct policy_question *question,
                            const struct config_condition **condition);

#endif
