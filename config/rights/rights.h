/* config/rights/rights.h - what policies give, compared: which rule lets at least as much through as another,
 * and who may do more or less by a new policy than by an old one. */
#ifndef CONFIG_RIGHTS_RIGHTS_H
#define CONFIG_RIGHTS_RIGHTS_H

#include "base/buf.h"
#include "config/model/config.h"

/* A rule, and the configuration that numbers its parameters. */
struct rights_rule {
    const struct config *config;
    const struct config_rule *rule;
};

/* Does `wide` match whatever `narrow` matches, for a client and an action of both?  False also where that
 * cannot be told by looking at the texts. */
bool rights_cover(const struct rights_rule *wide, const struct rights_rule *narrow);

/* Does its `where` match that text of the parameter, or say nothing of it? */
bool rights_cover_value(const struct rights_rule *wide, const char *param, const char *text);

/* The same as rights_cover() with their clients and actions. */
bool rights_cover_all(const struct rights_rule *wide, const struct rights_rule *narrow);

/* Nothing but rights taken away in a hurry: tokens disabled, shortened or removed, clients removed, denies
 * added or widened.  All else is as it was, also the allows, the catalog and countersign.yaml. */
bool rights_only_less(const struct config *old, const struct config *new);

struct rights_counts {
    size_t more;
    size_t less;
    size_t other; /* neither: a rate that is another */
    bool cut;     /* the budget was spent: there may be more */
};

struct rights_question {
    int64_t now; /* seconds since 1970 */
    void (*put)(void *context, const char *line);
    void *context;
    size_t budget; /* comparisons of two rules that it may cost; 0: as many as it takes */
};

/* A line for each difference, by client and action, to `put`.  -1 when memory is out. */
MUST_USE int rights_diff(const struct config *old, const struct config *new,
                         const struct rights_question *question, struct rights_counts *counts);

#endif
