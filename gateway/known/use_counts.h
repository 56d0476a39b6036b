/* gateway/known/use_counts.h - how often the rules, tokens and grants of one configuration were used, and how
 * much each client asked, and for what.
 *
 * A grant is a client and an action: what the policy has allowed.  Counted by a few atomic additions for each
 * request, without a lock and without looking at a text; read, and begun anew, by usage.c.  Memory is fixed
 * when the configuration is loaded, and what a caller can invent is not counted. */
#ifndef GATEWAY_KNOWN_USE_COUNTS_H
#define GATEWAY_KNOWN_USE_COUNTS_H

#include "auth/policy.h"
#include "base/base.h"
#include "config/model/config.h"

enum {
    USE_COUNTS_GRANTS = 16384, /* places for grants that are used: 512 KB; what finds none is not counted */
    USE_COUNTS_PROBES = 16,    /* places that are looked at for one */
};

struct use_counts;

/* `config` is borrowed.  NULL when memory is out. */
MUST_USE struct use_counts *use_counts_new(const struct config *config);
void use_counts_free(struct use_counts *counts); /* NULL does nothing */

/* A request of that client, which has signed in; `token` is the one that it showed, or NULL; `route` is what
 * it asked for, or NULL; `verdict` is what the policy said of that call, or NULL: it was not asked.  All are
 * of that configuration. */
void use_counts_add(struct use_counts *counts, const struct config_client *client,
                    const struct config_token *token, const struct config_route *route,
                    const struct policy_verdict *verdict);

enum use_kind { USE_RULE, USE_TOKEN, USE_GRANT };

/* Tells what was counted since it was told last: of a rule its id and "", of a token its client and id, of a
 * grant its client and action. */
void use_counts_take(struct use_counts *counts,
                     void (*tell)(void *context, enum use_kind kind, const char *one, const char *other,
                                  unsigned count),
                     void *context);

/* The same of requests: of a client's, whatever became of them, and of those for an action, by its name. */
enum use_ask { USE_CLIENT, USE_ACTION };

void use_counts_take_asked(struct use_counts *counts,
                           void (*tell)(void *context, enum use_ask ask, const char *name, unsigned count),
                           void *context);

#endif
