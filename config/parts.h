/* config/parts.h - the files of this room that config.c puts together.  Each returns -1 when it reported
 * something, and goes on as far as it can, so that one run shows everything that is wrong. */
#ifndef CONFIG_PARTS_H
#define CONFIG_PARTS_H

#include "config/config.h"
#include "config/keyword.h"

/* countersign.yaml -> listen to upstreams, with the secrets read. */
int service_read(struct loader *loader, const struct yaml_node *root);

/* `browsers` -> config->browsers, whatever the field. */
keyword_reader browsers_read;

/* A map of credentials -> config->credentials. */
int credential_read_all(struct loader *loader, const struct yaml_node *node);
void credential_done(struct config_credential *credential);

/* One secret by its source; *env is the environment variable that it came from, or NULL.  NULL when anything
 * was reported; `what` names it in messages. */
MUST_USE struct secret *credential_secret(struct loader *loader, const struct yaml_node *node,
                                          const char *what, const char **env);

/* The name of a file, or a map -> config->audit. */
int audit_read(struct loader *loader, const struct yaml_node *node);
void audit_done(struct config_audit *audit);

/* A catalog -> routes, behind those that are there already. */
int catalog_read(struct loader *loader, const struct yaml_node *root);
void catalog_done(struct config_route *route);

/* The parts of a route: its parameters, */
int param_read_all(struct loader *loader, const struct yaml_node *node, struct config_route *route);
int param_check_wires(struct loader *loader, const struct config_route *route);
void param_done(struct config_param *param);

/* and how each generation of the API does it; dialect_check() fills in what was not said. */
keyword_reader dialect_read_status;
keyword_reader dialect_read_api2;
keyword_reader dialect_read_api3;
int dialect_check(struct loader *loader, struct config_route *route);
bool dialect_tells_status(const struct config_route *route);

/* `regions` of a catalog -> config->regions, behind those that are there already. */
keyword_reader regions_read;

/* Each upstream's region becomes its one name.  After every catalog. */
int regions_settle(struct loader *loader);

/* policy.yaml -> clients, tokens, rules, tests.  After catalog_read(): it knows what a rule can speak of. */
int grants_read(struct loader *loader, const struct yaml_node *root);

/* The parts of policy.yaml, in this order. */
int clients_read(struct loader *loader, const struct yaml_node *node);

/* `former_ids` -> config->former_ids.  After rules_number(); node may be NULL. */
int former_read(struct loader *loader, const struct yaml_node *node);

struct sets; /* while rules are read */
MUST_USE struct sets *sets_read(struct loader *loader, const struct yaml_node *node); /* node may be NULL */
/* The set for values of that parameter; NULL when there is none of that name. */
const struct config_values *sets_use(struct loader *loader, struct sets *sets, const char *name,
                                     uint32_t param, enum config_effect effect);
void sets_warn(struct loader *loader, const struct sets *sets);
void sets_done(struct sets *sets); /* the index; what rules refer to stays */

/* A list of one or more texts, copied to `arena`. */
int sets_read_patterns(struct loader *loader, const struct yaml_node *node, const char *what,
                       struct arena *arena, struct config_patterns *patterns);

/* A list of one or more networks or addresses. */
int sets_read_networks(struct loader *loader, const struct yaml_node *node, const char *what,
                       struct arena *arena, struct network **networks, size_t *count);

/* The rules as they are read, in the file's order: in loader->scratch, but for their ids and patterns. */
struct rules {
    struct config_rule *items;
    size_t count;
    struct rule_id *ids; /* uthash */
};

/* "region" and the parameters of the catalog get their numbers. */
int rules_number(struct loader *loader);
int rules_read(struct loader *loader, const struct yaml_node *node, struct sets *sets, struct rules *rules);
bool rules_know(const struct rules *rules, const char *id);
void rules_done(struct rules *rules); /* the index */

keyword_reader when_read;      /* const struct config_when * */
keyword_reader rules_read_own; /* enum config_own: true or false */

/* A warning when no value of the parameter can be the text, or when it does not say what it seems to. */
void range_warn(struct loader *loader, uint32_t param, enum config_effect effect, const char *text,
                const struct mark *mark);

/* The other texts that stand for the things that the lists name: a condition's own texts grow by them.  -1
 * when memory is out. */
int things_add(struct loader *loader, enum config_effect effect, const struct config_condition *condition,
               struct config_patterns *own);

/* Warnings of denies that a call passes by what it leaves out. */
void gaps_warn(struct loader *loader, const struct rules *rules);

enum { BUCKETS_PREFIX_MAX = 64 }; /* characters: a client's name has no more */

int trials_read(struct loader *loader, const struct yaml_node *node, const struct rules *rules);

#endif
