/* gateway/overview.h - who may do what, without a request: rules that give and rules that take, by client and
 * action. */
#ifndef GATEWAY_DRYRUN_OVERVIEW_H
#define GATEWAY_DRYRUN_OVERVIEW_H

#include "base/base.h"
#include "base/buf.h"
#include "config/model/config.h"

/* What is asked.  Each that is NULL is not. */
struct overview_question {
    const struct config *config;
    const char *client;
    const char *action; /* or a pattern */
    const char *value;  /* of any parameter, or a region */
    int64_t now;        /* seconds since 1970: rules that have expired say nothing */
};

/* One rule that gives or takes: a row of the answer. */
struct overview_row {
    const struct config_client *client;
    const struct config_route *route; /* the first of its action */
    const struct config_rule *rule;
    const char *param; /* which can have the value that is asked for; NULL: none is asked for */
};

/* Calls `row` for every allow that counts, and behind those of a client and action for every deny that takes
 * from them; an allow that a deny takes away wholly does not count.  Rules in audit mode neither.  -1 when
 * memory is out. */
MUST_USE int overview_each(const struct overview_question *question,
                           void (*row)(void *context, const struct overview_row *row), void *context);

/* A table for people, or a JSON line for each row.  How many rows there are, or -1 when memory is out. */
MUST_USE long overview_put(struct buf *out, const struct overview_question *question, bool json);

#endif
