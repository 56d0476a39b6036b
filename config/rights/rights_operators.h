/* config/rights/rights_operators.h - who may operate by one policy and by another: the part of rights.h that
 * is about operators and their tokens. */
#ifndef CONFIG_RIGHTS_RIGHTS_OPERATORS_H
#define CONFIG_RIGHTS_RIGHTS_OPERATORS_H

#include "config/rights/rights.h"

/* A line for each difference, as rights_diff(). */
void rights_operators_diff(const struct config *old, const struct config *new,
                           const struct rights_question *question, struct rights_counts *counts);

/* No operator, role or token that was not there before. */
bool rights_operators_only_less(const struct config *old, const struct config *new);

#endif
