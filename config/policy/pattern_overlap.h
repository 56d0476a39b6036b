/* config/policy/pattern_overlap.h - could one text match both a pattern of a policy and a parameter's own?
 *
 * `pattern` is a policy's: '*' stands for any run of characters.  `expression` is a catalog's: a
 * regular expression for whole values (config/model/pattern.h).  False is certain; where the expression has
 * something that is not understood here (anchors, classes, what begins with "(?") the answer is true. */
#ifndef CONFIG_POLICY_PATTERN_OVERLAP_H
#define CONFIG_POLICY_PATTERN_OVERLAP_H

#include "base/base.h"

bool pattern_overlap_possible(const char *pattern, const char *expression);

#endif
