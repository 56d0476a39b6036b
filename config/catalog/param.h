/* config/catalog/param.h - the parameters of a route. */
#ifndef CONFIG_CATALOG_PARAM_H
#define CONFIG_CATALOG_PARAM_H

#include "config/model/config.h"
#include "config/reader/keyword.h"

/* -1 when anything was reported. */
int param_read_all(struct loader *loader, const struct yaml_node *node, struct config_route *route);
int param_check_wires(struct loader *loader, const struct config_route *route);

/* A default as the upstream would have it, which is known once both are read: -1 and a finding where each
 * call that leaves the parameter to it would be refused. */
int param_check_default(struct loader *loader, const struct config_param *param,
                        const struct config_upstream *upstream);

#endif
