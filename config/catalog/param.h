/* config/catalog/param.h - the parameters of a route. */
#ifndef CONFIG_CATALOG_PARAM_H
#define CONFIG_CATALOG_PARAM_H

#include "config/model/config.h"
#include "config/reader/keyword.h"

/* -1 when anything was reported. */
int param_read_all(struct loader *loader, const struct yaml_node *node, struct config_route *route);
int param_check_wires(struct loader *loader, const struct config_route *route);

#endif
