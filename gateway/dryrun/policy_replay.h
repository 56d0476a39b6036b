/* gateway/dryrun/policy_replay.h - past calls, judged again by another policy. */
#ifndef GATEWAY_DRYRUN_POLICY_REPLAY_H
#define GATEWAY_DRYRUN_POLICY_REPLAY_H

#include "auth/policy.h"
#include "base/arena.h"
#include "base/base.h"
#include "config/model/config.h"

enum { POLICY_REPLAY_FORMAT = 1 }; /* of the log: a line that says nothing else is of it; docs/formats.md */

enum policy_replay_end {
    POLICY_REPLAY_SAME,    /* the same verdict */
    POLICY_REPLAY_CHANGED, /* another one: `change` tells */
    POLICY_REPLAY_SKIPPED, /* the line holds no call that was judged: it was refused before, or tells an
                              outcome */
    POLICY_REPLAY_UNKNOWN, /* no route or definition has its action and parameters, or its record has not all
                              that the candidate asks about */
    POLICY_REPLAY_BROKEN,  /* not a line of our log, or one in the format of a newer release */
    POLICY_REPLAY_FAILED,  /* memory is out: whatever was found of it may lack something */
};

struct policy_replay_change {
    const char *request_id; /* texts live in the arena; any may be "" */
    const char *client;
    const char *action;
    const char *before; /* allow or deny */
    const char *before_rule;
    const char *after;
    const char *after_rule;
    const char *param;               /* by which the other verdict came about; "": by none */
    const char *value;               /* the call's, several of them joined */
    const char *token;               /* its id */
    struct policy_question question; /* client NULL: the candidate does not know it any more */
};

/* Judges one line of an access log or an audit file (`length` bytes without its line feed).  Memory comes
 * from `arena`, which the caller resets. */
MUST_USE enum policy_replay_end policy_replay_line(const struct config *config, const char *line,
                                                   size_t length, struct arena *arena,
                                                   struct policy_replay_change *change);

#endif
