/* config/policy/things.h - the other names of the things that a rule names. */
#ifndef CONFIG_POLICY_THINGS_H
#define CONFIG_POLICY_THINGS_H

#include "config/model/config.h"
#include "config/model/values.h"
#include "config/reader/keyword.h"

/* A condition's own texts grow by the names by which calls are judged.  -1 when memory is out. */
int things_add(struct loader *loader, enum config_effect effect, const struct config_condition *condition,
               struct config_patterns *own);

#endif
