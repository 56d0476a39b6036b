/* config/catalog/param_secret.h - parameters whose values nobody writes down: `secret: true`. */
#ifndef CONFIG_CATALOG_PARAM_SECRET_H
#define CONFIG_CATALOG_PARAM_SECRET_H

#include "config/model/config.h"
#include "config/reader/keyword.h"

/* `secret: true` or `false`: a keyword's reader. */
int param_secret_read(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                      void *field);

/* Can it be one?  -1 when an error was reported. */
int param_secret_check(struct loader *loader, const struct config_param *param);

/* Warns of what looks like a secret and does not say whether it is one. */
void param_secret_warn(struct loader *loader, const struct config_route *route);

#endif
