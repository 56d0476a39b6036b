/* config/rules/pattern_overlap.h - could one text match both a pattern of a policy and a parameter's own?
 *
 * `pattern` is a policy's: '*' stands for any run of characters.  `expression` is a catalog's: a
 * regular expression for whole values (config/model/pattern.h).  False is certain; where the expression has
 * something that is not understood here (anchors, classes, what begins with "(?") the answer is true.
 *
 * PCRE2's partial matching cannot do it: it tells whether a text can begin a match.  That answers for a
 * '*' at the end, and says nothing of what stands behind one: 11 of the 24 impossible rows of the unit test's
 * table would pass, such as "vpc-*-*" and "gz_vpc_*a", and their warnings be lost. */
#ifndef CONFIG_RULES_PATTERN_OVERLAP_H
#define CONFIG_RULES_PATTERN_OVERLAP_H

#include "base/base.h"

bool pattern_overlap_possible(const char *pattern, const char *expression);

#endif
