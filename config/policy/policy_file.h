/* config/policy/policy_file.h - policy.yaml: clients, tokens, rules, tests. */
#ifndef CONFIG_POLICY_POLICY_FILE_H
#define CONFIG_POLICY_POLICY_FILE_H

#include "config/reader/keyword.h"

/* After catalog_read(): it knows what a rule can speak of.  -1 when anything was reported. */
int policy_file_read(struct loader *loader, const struct yaml_node *root);

#endif
