/* gateway/replay_groups.h - changed verdicts, counted: a line for each client, action, rule and parameter
 * instead of a line a call. */
#ifndef GATEWAY_DRYRUN_REPLAY_GROUPS_H
#define GATEWAY_DRYRUN_REPLAY_GROUPS_H

#include "gateway/dryrun/policy_replay.h"

#include <stdio.h>

enum { REPLAY_GROUPS_MAX = 10000 }; /* further ones are counted together: nobody reads so many */

struct replay_groups; /* NULL when memory is out */
MUST_USE struct replay_groups *replay_groups_new(void);
void replay_groups_free(struct replay_groups *groups);

/* Takes copies. */
void replay_groups_add(struct replay_groups *groups, const struct policy_replay_change *change);

/* The lines, in the order in which the groups began. */
void replay_groups_put(const struct replay_groups *groups, FILE *out);

#endif
