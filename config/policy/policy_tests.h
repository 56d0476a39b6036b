/* config/policy/policy_tests.h - the tests of a policy. */
#ifndef CONFIG_POLICY_POLICY_TESTS_H
#define CONFIG_POLICY_POLICY_TESTS_H

#include "config/model/config.h"
#include "config/rules/rules.h"
#include "config/reader/keyword.h"

/* -1 when anything was reported. */
int policy_tests_read(struct loader *loader, const struct yaml_node *node, const struct rules *rules);

#endif
