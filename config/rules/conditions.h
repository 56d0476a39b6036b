/* config/rules/conditions.h - `where` of a rule: which parameters a call must have, and what they may be. */
#ifndef CONFIG_RULES_CONDITIONS_H
#define CONFIG_RULES_CONDITIONS_H

#include "config/model/config.h"
#include "config/rules/sets.h"
#include "config/reader/keyword.h"

/* Writes the rule's conditions, in loader->scratch; its clients, actions and effect have been read.  -1 when
 * something is wrong, which was reported. */
int conditions_read(struct loader *loader, const struct yaml_node *where, struct sets *sets,
                    struct config_rule *rule);

#endif
