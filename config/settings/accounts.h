/* config/settings/accounts.h - countersign.yaml, `accounts`: several, each with upstreams of its own. */
#ifndef CONFIG_SETTINGS_ACCOUNTS_H
#define CONFIG_SETTINGS_ACCOUNTS_H

#include "config/reader/keyword.h"

/* Into config->accounts and config->upstreams, in the place of `upstreams`.  -1 after a finding. */
MUST_USE int accounts_read(struct loader *loader, const struct yaml_node *node);

#endif
