/* config/policy/grants.h - policy.yaml: clients, tokens, rules, tests. */
#ifndef CONFIG_POLICY_GRANTS_H
#define CONFIG_POLICY_GRANTS_H

#include "config/reader/keyword.h"

/* After catalog_read(): it knows what a rule can speak of.  -1 when anything was reported. */
int grants_read(struct loader *loader, const struct yaml_node *root);

#endif
