/* config/policy/former.h - which current ids the ids of before are. */
#ifndef CONFIG_POLICY_FORMER_H
#define CONFIG_POLICY_FORMER_H

#include "config/model/config.h"
#include "config/reader/keyword.h"

/* `former_ids` -> config->former_ids.  After rules_number(); node may be NULL.  -1 when anything was
 * reported. */
int former_read(struct loader *loader, const struct yaml_node *node);

#endif
