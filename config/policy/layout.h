/* config/policy/layout.h - the rules as decisions read them, side by side. */
#ifndef CONFIG_POLICY_LAYOUT_H
#define CONFIG_POLICY_LAYOUT_H

#include "config/policy/buckets.h"

/* config->rules and config_client.buckets.  -1 when memory is out. */
MUST_USE int layout_place(struct buckets *buckets);

#endif
