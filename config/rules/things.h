/* config/rules/things.h - the other names of the things that a rule names. */
#ifndef CONFIG_RULES_THINGS_H
#define CONFIG_RULES_THINGS_H

#include "config/model/config.h"
#include "config/reader/keyword.h"

/* One more list, where there are any, behind those that the condition has; `lists` has room for it.  -1 when
 * memory is out. */
int things_add(struct loader *loader, enum config_effect effect, struct config_condition *condition);

#endif
