/* sandbox/state/session.h - temporary credentials that the sandbox has given out, and how long they are good.
 *
 * They stay until the sandbox ends: of one that has expired it is known that it has. */
#ifndef SANDBOX_STATE_SESSION_H
#define SANDBOX_STATE_SESSION_H

#include "base/base.h"
#include "sandbox/state/state.h"

enum { SESSION_TEXT_SIZE = 65, SESSION_NAME_SIZE = 129 };

struct state_session {
    struct state_account account; /* its secret_id is `id` */
    char id[SESSION_TEXT_SIZE];
    char name[SESSION_NAME_SIZE]; /* RoleSessionName; "": of the metadata service */
    int64_t expires;              /* seconds; refused from then on */
    struct state_session *next;
};

/* `name` has fewer than SESSION_NAME_SIZE bytes.  Good from `now` for so many seconds.  NULL: memory is out,
 * or there are STATE_MADE_MAX already.  With the state's lock. */
MUST_USE const struct state_session *session_begin(struct state *state, const char *name, int64_t now,
                                                   int64_t seconds);

/* NULL: there is none.  Takes the state's lock; what it gives lives as long as the state. */
const struct state_session *session_find(struct state *state, const char *secret_id);

/* The role of that name, of that ARN, or that the instance has; NULL: there is none.  Roles never change. */
const struct state_role *session_role_named(const struct state *state, const char *name);
const struct state_role *session_role_of_arn(const struct state *state, const char *arn);
const struct state_role *session_role_of_instance(const struct state *state);

void session_free_all(struct state *state);

#endif
