/* config/policy/rule_warnings.h - warnings about unreachable rules. */
#ifndef CONFIG_POLICY_RULE_WARNINGS_H
#define CONFIG_POLICY_RULE_WARNINGS_H

#include "config/rules/rule_index.h"

/* Warnings of rules that never decide, and of patterns that match no client.  After rule_layout_place(). */
void rule_warnings_warn(const struct rule_index *buckets);

#endif
