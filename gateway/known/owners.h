/* gateway/known/owners.h - who began a task, since their numbers are consecutive, and a caller who counts
 * finds those of others; and how it was when a caller asked last.
 *
 * The last OWNERS_MAX tasks that changes through this gateway began, by service, region, the action that
 * tells how they are, and the task's name.
 * They are forgotten when the process ends, and by no reload.  Safe from many threads. */
#ifndef GATEWAY_KNOWN_OWNERS_H
#define GATEWAY_KNOWN_OWNERS_H

#include "auth/policy.h"
#include "base/base.h"

enum { OWNERS_MAX = 16384 }; /* the changes of a day at one in five seconds; 8 MiB once they are all there */

struct owners;

/* NULL when memory is out. */
MUST_USE struct owners *owners_new(void);
void owners_free(struct owners *owners);

/* The call was a change of the client's, and began the task, of which `status` tells how it is: by that
 * request, at that time in milliseconds since 1970.  What cannot be remembered is nobody's. */
void owners_remember(struct owners *owners, const struct call *call, const struct config_route *status,
                     const char *task, const char *client, const char *request, int64_t now_ms);

/* The call asked for a task, which is in that state (caller_view_state(), a text that stays): "running", or
 * it is over. */
void owners_see(struct owners *owners, const struct call *call, const char *state, int64_t now_ms);

/* Whose is the task that the call asks about?  It has one parameter: the task. */
enum policy_owner owners_find(struct owners *owners, const struct call *call, const char *client);

enum { OWNERS_NAME = 64, OWNERS_KEY = 4 * (OWNERS_NAME + 1), OWNERS_REQUEST = 65 };

struct owners_task {
    char key[OWNERS_KEY]; /* "vpc ap-guangzhou DescribeVpcTaskResult 135254" */
    char client[OWNERS_NAME + 1];
    char action[OWNERS_NAME + 1];
    char request[OWNERS_REQUEST]; /* which began it */
    int64_t began_ms;
    const char *state; /* NULL: nobody has asked */
    int64_t seen_ms;   /* when somebody did */
};

/* Copies those of which nobody has seen the end, the newest first, `room` at most.  How many there are. */
size_t owners_running(struct owners *owners, struct owners_task *tasks, size_t room);

#endif
