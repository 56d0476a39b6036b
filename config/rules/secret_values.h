/* config/rules/secret_values.h - a rule has no values of a secret parameter. */
#ifndef CONFIG_RULES_SECRET_VALUES_H
#define CONFIG_RULES_SECRET_VALUES_H

#include "config/model/config.h"
#include "config/reader/keyword.h"

/* One member of `where`: what a rule has is shown to everybody who asks why, so of a secret it may only say
 * whether it is there.  -1 when it has more, which was reported. */
int secret_values_check(struct loader *loader, const struct yaml_node *node);

/* Is it what API 3.0 calls a secret parameter of the catalog?  By that name it stands in documents. */
bool secret_values_has_wire(const struct config *config, const char *name);

#endif
