/* sandbox/call/action.h - what an action of the API is, and one call of it; all of them: action_table.h.
 *
 * What is answered comes from the vendor's pages of the ClassicLink family; what those leave open is a choice
 * that docs/sandbox.md names. */
#ifndef SANDBOX_CALL_ACTION_H
#define SANDBOX_CALL_ACTION_H

#include "base/base.h"
#include "base/buf.h"
#include "sandbox/state/outcome.h"
#include "sandbox/http/params.h"
#include "sandbox/state/state.h"

struct action_call {
    int generation;      /* 2 or 3 */
    struct state *state; /* locked by the caller */
    const struct params *params;
    const struct state_region *region;
    int64_t now_ms;
    int64_t now;      /* seconds, by the clock that faults may skew */
    struct buf *body; /* the answer of a success */
    struct outcome *outcome;
};

/* What a parameter of generation 3 may be; '#' in its name stands for an index. */
struct action_param {
    const char *name;
    enum param_kind kind; /* PARAM_STRING or PARAM_NUMBER; of a form, either is text */
};

struct action {
    const char *name;
    const char *service; /* of generation 3: "vpc" */
    /* In a generation; NULL: that one has no such action.  0 with the whole answer in `body`, or -1 with the
     * reason in `outcome`. */
    int (*run2)(struct action_call *call);
    int (*run3)(struct action_call *call);
    const struct action_param *params3; /* ended by a NULL name */
};

/* For the functions in the table: the value of a parameter that must be there and not be empty; NULL with the
 * refusal. */
const char *action_required(struct action_call *call, const char *name);

/* The VPC or instance in the call's region, NULL with the refusal. Generation
 * 3 knows the new ids only. */
struct state_vpc *action_vpc(struct action_call *call, const char *id);
struct state_instance *action_instance(struct action_call *call, const char *id);

#endif
