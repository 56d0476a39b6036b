/* config/rules/value_warnings.h - values that no parameter can have. */
#ifndef CONFIG_RULES_VALUE_WARNINGS_H
#define CONFIG_RULES_VALUE_WARNINGS_H

#include "config/model/config.h"
#include "config/reader/keyword.h"

/* A warning when no value of the parameter can be the text, or when it does not say what it seems to. */
void value_warnings_warn(struct loader *loader, uint32_t param, enum config_effect effect, const char *text,
                         const struct mark *mark);

#endif
