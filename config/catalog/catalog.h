/* config/catalog/catalog.h - a catalog of routes. */
#ifndef CONFIG_CATALOG_CATALOG_H
#define CONFIG_CATALOG_CATALOG_H

#include "config/reader/keyword.h"

/* Adds its routes to those that are there.  -1 when anything was reported. */
int catalog_read(struct loader *loader, const struct yaml_node *root);

#endif
