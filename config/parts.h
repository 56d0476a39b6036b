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
keyword_reader browsers_read_hosts; /* struct config_names: hosts alone */

/* A map of credentials -> config->credentials. */
int credential_read_all(struct loader *loader, const struct yaml_node *node);
void credential_done(struct config_credential *credential);

/* One secret by its source.  NULL when anything was reported; `what` names it in messages. */
MUST_USE struct secret *credential_secret(struct loader *loader, const struct yaml_node *node,
                                          const char *what);

/* Its length without the line ends that editors and `kubectl create secret` leave behind it: of every source.
 */
size_t credential_length(const char *bytes, size_t length);

/* The variable of that name, or what was read of it before: by this configuration, or by one before it. */
MUST_USE struct secret *environment_secret(struct loader *loader, const char *name, struct err *err);

/* What those before have read and this one does not need stays known: the way back to an older file. */
int environment_keep(struct loader *loader);
void environment_done(struct config *config);

/* The name of a file, or a map -> config->audit. */
int audit_read(struct loader *loader, const struct yaml_node *node);
/* What runs stays, whatever was read: a warning where that is something else. */
int audit_stay(struct loader *loader);
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

/* policy.yaml -> clients, tokens, rules, tests.  After catalog_read(): it knows what a rule can speak of. */
int grants_read(struct loader *loader, const struct yaml_node *root);

/* The parts of policy.yaml, in this order. */
int clients_read(struct loader *loader, const struct yaml_node *node);

struct sets; /* while rules are read */
MUST_USE struct sets *sets_read(struct loader *loader, const struct yaml_node *node); /* node may be NULL */
/* The set for values of that parameter; NULL when there is none of that name. */
const struct config_values *sets_use(struct loader *loader, struct sets *sets, const char *name,
                                     uint32_t param);
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

int rules_read(struct loader *loader, const struct yaml_node *node, struct sets *sets, struct rules *rules);
bool rules_know(const struct rules *rules, const char *id);
void rules_done(struct rules *rules); /* the index */

keyword_reader when_read; /* const struct config_when * */

/* A warning when no value of the parameter can be the text. */
void range_warn(struct loader *loader, uint32_t param, const char *text, const struct mark *mark);

enum { BUCKETS_PREFIX_MAX = 64 }; /* characters: a client's name has no more */

int trials_read(struct loader *loader, const struct yaml_node *node, const struct rules *rules);

#endif
