/* config/rights/rights_diff.h - a comparison of two policies under way, for the files that make it.
 * Others call rights_diff() of rights.h. */
#ifndef CONFIG_RIGHTS_RIGHTS_DIFF_H
#define CONFIG_RIGHTS_RIGHTS_DIFF_H

#include "config/rights/rights.h"

/* One side of the comparison, for one client and action: what counts at `now`. */
struct rights_diff_side {
    const struct config *config;
    const struct config_client *client; /* NULL: it has none of that name */
    const struct config_rule **allows;
    const struct config_rule **denies;
    size_t allow_count;
    size_t deny_count;
};

struct rights_diff {
    struct rights_diff_side old, new;
    const char *name; /* of the client */
    const struct config_route *action;
    bool action_is_new;
    const struct rights_question *question;
    struct rights_counts *counts;
    size_t spent; /* of the budget */
    struct buf line;
};

/* What diff->line has goes to the question's `put`, is counted in `count`, and the next line begins. */
void rights_diff_put_line(struct rights_diff *diff, size_t *count);

/* What differs of the client of diff->name but its rules: tokens, certificates, what it must show, limits. */
void rights_diff_client(struct rights_diff *diff);

#endif
