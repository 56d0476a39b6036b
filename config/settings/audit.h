/* config/settings/audit.h - where changes are recorded. */
#ifndef CONFIG_SETTINGS_AUDIT_H
#define CONFIG_SETTINGS_AUDIT_H

#include "config/reader/keyword.h"

/* The name of a file, or a map -> config->audit.  -1 when anything was reported. */
int audit_read(struct loader *loader, const struct yaml_node *node);

#endif
