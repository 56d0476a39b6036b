/* config/policy/shadow.h - rules that nobody will ever hear. */
#ifndef CONFIG_POLICY_SHADOW_H
#define CONFIG_POLICY_SHADOW_H

#include "config/policy/buckets.h"

/* Warnings of rules that never decide, and of patterns that match no client.  After layout_place(). */
void shadow_warn(const struct buckets *buckets);

#endif
