/* sandbox/call/filter.h - the Filters of generation 3: [{"Name":"vpc-id","Values":["vpc-1","vpc-2"]}].
 *
 * A row must pass all of them, and passes one when it has one of its values. */
#ifndef SANDBOX_CALL_FILTER_H
#define SANDBOX_CALL_FILTER_H

#include "sandbox/call/action.h"

struct filter {
    const char *name; /* NULL ends the table */
    const char *(*value_of)(const void *row);
    bool finds_parts; /* "prod" finds "production" */
};

/* 0, or -1 with the reason in the outcome: a filter without a name, of an unknown one, or without values. */
MUST_USE int filter_check(const struct filter *filters, struct action_call *call);

/* The filters have been checked. */
bool filter_passes(const struct filter *filters, const struct action_call *call, const void *row);

#endif
