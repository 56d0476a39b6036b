/* config/policy/gaps.h - denies that a call passes by what it leaves out. */
#ifndef CONFIG_POLICY_GAPS_H
#define CONFIG_POLICY_GAPS_H

#include "config/rules/rules.h"
#include "config/reader/keyword.h"

/* A warning for each, with the routes. */
void gaps_warn(struct loader *loader, const struct rules *rules);

#endif
