/* config/parts.h - the files of this room that config.c puts together.  Each returns -1 when it reported
 * something, and goes on as far as it can, so that one run shows everything that is wrong. */
#ifndef CONFIG_PARTS_H
#define CONFIG_PARTS_H

#include "config/config.h"
#include "config/keyword.h"

/* countersign.yaml -> listen to upstreams, with the secrets read. */
int service_read(struct loader *loader, const struct yaml_node *root);

/* A map of credentials -> config->credentials. */
int credential_read_all(struct loader *loader, const struct yaml_node *node);
void credential_done(struct config_credential *credential);

/* catalog.yaml -> routes. */
int catalog_read(struct loader *loader, const struct yaml_node *root);
void catalog_done(struct config_route *route);

/* policy.yaml -> clients, tokens, rules, tests.  After catalog_read(): it knows what a rule can speak of. */
int grants_read(struct loader *loader, const struct yaml_node *root);

/* The parts of policy.yaml, in this order. */
int clients_read(struct loader *loader, const struct yaml_node *node);

struct sets;                                                                          /* in the arena */
MUST_USE struct sets *sets_read(struct loader *loader, const struct yaml_node *node); /* node may be NULL */
/* NULL when there is none of that name. */
const struct config_patterns *sets_use(struct sets *sets, const char *name);
void sets_warn(struct loader *loader, const struct sets *sets);
void sets_done(struct sets *sets); /* the index; what rules refer to stays */

int rules_read(struct loader *loader, const struct yaml_node *node, struct sets *sets);
int trials_read(struct loader *loader, const struct yaml_node *node);

/* A list of one or more texts. */
int sets_read_patterns(struct loader *loader, const struct yaml_node *node, const char *what,
                       struct config_patterns *patterns);

/* Which rules can concern a client and an action -> config->buckets.  -1 when memory is out. */
int buckets_build(struct loader *loader);

#endif
