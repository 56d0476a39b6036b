/* config/settings/store.h - `state`: the store for what gateways share. */
#ifndef CONFIG_SETTINGS_STORE_H
#define CONFIG_SETTINGS_STORE_H

#include "config/reader/keyword.h"

/* -> config->state; node NULL: it is not there, and memory is used. */
MUST_USE int store_read(struct loader *loader, const struct yaml_node *node);

/* During a reload: the running store stays, and what differs is told; `keep` is taken. */
MUST_USE int store_stay(struct loader *loader);

#endif
