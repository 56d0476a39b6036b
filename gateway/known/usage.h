/* gateway/known/usage.h - which rules, tokens and grants are used, over restarts and all gateways together.
 *
 * What use_counts.h counts is told to the store (gateway/state/state.h) once a minute, only what changed, and
 * once a day everything that the configuration has: a name that it no longer has is forgotten after
 * USAGE_KEEP_DAYS.  A store that is away is told later; what is not told when the process ends is lost.  With
 * the store "memory" all of it ends with the process.  Safe from many threads. */
#ifndef GATEWAY_KNOWN_USAGE_H
#define GATEWAY_KNOWN_USAGE_H

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "config/model/config.h"
#include "gateway/known/use_counts.h"
#include "gateway/state/state.h"

enum {
    USAGE_STEP_MS = 60000,    /* between two times at which the store is told */
    USAGE_KEEP_DAYS = 400,    /* a name that no gateway has any more: longer than a year's only use */
    USAGE_NAMES_MAX = 128000, /* in this process, as in the store: 16 MB where there are so many */
};

#define USAGE_DAY_MS (INT64_C(24) * 3600 * 1000)

struct usage;

/* `state` is borrowed; `look` counts what was counted (usage_see()), in any thread, one at a time.  NULL:
 * memory or threads are out. */
MUST_USE struct usage *usage_start(struct state *state, void (*look)(void *context), void *context,
                                   struct err *err);

/* Tells the store for the last time. */
void usage_stop(struct usage *usage); /* NULL does nothing */
void usage_free(struct usage *usage); /* after usage_stop(), when nothing is seen any more; likewise */

/* Does it allow several clients or actions?  Else the rule is its only grant. */
bool usage_is_divided(const struct config_rule *rule);

/* A client and an action that such a rule names, both without a '*'. */
struct usage_grant {
    const struct config_rule *rule;
    const char *client;
    const char *said;   /* the action as the rule has it: "vpc:CreateVpc", or its name in API 3.0 */
    const char *action; /* as it is counted: "CreateVpc"; actions of one name in two services are one */
};

void usage_each_grant(const struct config *config, const struct config_rule *rule,
                      void (*take)(void *context, const struct usage_grant *grant), void *context);

/* The rules, tokens and grants that the configuration names (of a rule that is divided: each client with each
 * action, both without a '*'): from now on they are known, and can be unused. */
void usage_use(struct usage *usage, const struct config *config);

/* Takes what was counted. */
void usage_see(struct usage *usage, struct use_counts *counts);

/* Of one name, in milliseconds since 1970. */
struct usage_of {
    int64_t hits;
    int64_t since_ms; /* when it was told first */
    int64_t last_ms;  /* the last hit; 0: none since then */
};

struct usage_report; /* what all gateways have told, for one thread */

/* Tells the store, and asks it for all of it.  NULL when memory is out, or the store did not answer. */
MUST_USE struct usage_report *usage_ask(struct usage *usage, int64_t now_ms);
void usage_report_free(struct usage_report *report);

/* False: the store does not know the name, or not yet. */
bool usage_report_find(const struct usage_report *report, enum use_kind kind, const char *one,
                       const char *other, struct usage_of *of);

/* When the first name was told that the store still has, in milliseconds since 1970; 0: it has none. */
int64_t usage_report_since(const struct usage_report *report);

#endif
