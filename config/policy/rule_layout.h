/* config/policy/rule_layout.h - the rules as decisions read them, side by side. */
#ifndef CONFIG_POLICY_RULE_LAYOUT_H
#define CONFIG_POLICY_RULE_LAYOUT_H

#include "config/rules/rule_index.h"

/* config->rules and config_client.buckets.  -1 when memory is out. */
MUST_USE int rule_layout_place(struct rule_index *buckets);

#endif
