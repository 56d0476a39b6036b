/* config/rules/rules.h - the rules as they are read. */
#ifndef CONFIG_RULES_RULES_H
#define CONFIG_RULES_RULES_H

#include "config/model/config.h"
#include "config/rules/sets.h"
#include "config/reader/keyword.h"

enum { RULES_PREFIX_MAX = 64 }; /* characters before a '*': a client's name has no more */

/* The rules as they are read, in the file's order: in loader->scratch, but for their ids and patterns. */
struct rules {
    struct config_rule *items;
    size_t count;
    struct rule_id *ids; /* uthash */
};

/* "region" and the parameters of the catalog get their numbers.  -1 when memory is out. */
int rules_number(struct loader *loader);

keyword_reader rules_read_own; /* enum config_own: true or false */

int rules_read(struct loader *loader, const struct yaml_node *node, struct sets *sets, struct rules *rules);
bool rules_know(const struct rules *rules, const char *id);
void rules_done(struct rules *rules); /* the index */

#endif
