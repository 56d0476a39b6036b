/* sandbox/action.h - the actions of the API, as a table: one more is a row and a function.
 *
 * What is answered comes from the vendor's pages of the ClassicLink family; what those leave open is a choice
 * that docs/sandbox.md names. */
#ifndef SANDBOX_ACTION_H
#define SANDBOX_ACTION_H

#include "base/base.h"
#include "base/buf.h"
#include "sandbox/outcome.h"
#include "sandbox/params.h"
#include "sandbox/state.h"

struct action_call {
    struct state *state; /* locked by the caller */
    const struct params *params;
    const struct state_region *region;
    int64_t now_ms;
    struct buf *body; /* the answer of a success */
    struct outcome *outcome;
};

struct action {
    const char *name;
    /* 0 with the whole answer in `body`, or -1 with the reason in `outcome`. */
    int (*run)(struct action_call *call);
};

/* NULL: there is no such action. */
const struct action *action_find(const char *name);

/* Its row, for those who count by action. */
size_t action_index(const struct action *action);
const struct action *action_table(size_t *count);

/* For the functions in the table: the VPC of parameter `name` in the call's region, NULL with
 * InvalidVpc.NotFound. */
struct state_vpc *action_vpc(struct action_call *call, const char *id);

#endif
