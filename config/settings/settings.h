/* config/settings/settings.h - countersign.yaml, from listen to upstreams, with the secrets read. */
#ifndef CONFIG_SETTINGS_SETTINGS_H
#define CONFIG_SETTINGS_SETTINGS_H

#include "config/reader/keyword.h"

/* -1 when anything was reported; it goes on as far as it can, so that one run shows everything. */
int settings_read(struct loader *loader, const struct yaml_node *root);

#endif
