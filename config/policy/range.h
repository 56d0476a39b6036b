/* config/policy/range.h - values that no parameter can have. */
#ifndef CONFIG_POLICY_RANGE_H
#define CONFIG_POLICY_RANGE_H

#include "config/model/config.h"
#include "config/reader/keyword.h"

/* A warning when no value of the parameter can be the text. */
void range_warn(struct loader *loader, uint32_t param, const char *text, const struct mark *mark);

#endif
