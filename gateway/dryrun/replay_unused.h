/* gateway/replay_unused.h - what of a policy no past call used: rules, values and tokens that could go. */
#ifndef GATEWAY_DRYRUN_REPLAY_UNUSED_H
#define GATEWAY_DRYRUN_REPLAY_UNUSED_H

#include "gateway/dryrun/policy_replay.h"

#include <stdio.h>

struct replay_unused;
MUST_USE struct replay_unused *replay_unused_new(const struct config *config); /* NULL when memory is out */
void replay_unused_free(struct replay_unused *unused);

/* A call that was judged, with the line's token.  A rule is used when it matches, whether it decides or
 * not. */
void replay_unused_see(struct replay_unused *unused, const struct policy_replay_change *change);

/* A line for each; how many. */
unsigned long long replay_unused_put(const struct replay_unused *unused, FILE *out);

#endif
