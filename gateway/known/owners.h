/* gateway/known/owners.h - who began a task: their numbers are consecutive, and whoever counts finds
 * those of others.
 *
 * The last OWNERS_MAX tasks that changes through this gateway began, by service, region, the action that
 * tells how they are, and the task's name.
 * They are forgotten when the process ends, and by no reload.  Safe from many threads. */
#ifndef GATEWAY_KNOWN_OWNERS_H
#define GATEWAY_KNOWN_OWNERS_H

#include "auth/policy.h"
#include "base/base.h"

enum { OWNERS_MAX = 16384 }; /* the changes of a day at one in five seconds; 6 MiB once they are all there */

struct owners;

/* NULL when memory is out. */
MUST_USE struct owners *owners_new(void);
void owners_free(struct owners *owners);

/* The call was a change of the client's, and began the task, of which `status` tells how it is.  What cannot
 * be remembered is nobody's. */
void owners_remember(struct owners *owners, const struct call *call, const struct config_route *status,
                     const char *task, const char *client);

/* Whose is the task that the call asks about?  It has one parameter: the task. */
enum policy_owner owners_find(struct owners *owners, const struct call *call, const char *client);

#endif
