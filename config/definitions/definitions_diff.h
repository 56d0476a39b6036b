/* config/definitions/definitions_diff.h - what the vendor changed between two states of a service's
 * definitions. */
#ifndef CONFIG_DEFINITIONS_DEFINITIONS_DIFF_H
#define CONFIG_DEFINITIONS_DEFINITIONS_DIFF_H

#include "config/definitions/definitions.h"

/* Each difference is a line for `put`: an action that came or went, whose effect or status is another, or
 * whose document or answer has another shape, also deep within: "vpc:CreateVpc: Tags.Key became required".
 * Returns how many there are; -1: memory is out. */
MUST_USE int definitions_diff(const struct definitions *old, const struct definitions *new,
                              void (*put)(void *context, const char *line), void *context,
                              struct arena *arena);

#endif
