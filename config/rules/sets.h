/* config/rules/sets.h - named sets of values, while rules are read. */
#ifndef CONFIG_RULES_SETS_H
#define CONFIG_RULES_SETS_H

#include "base/arena.h"
#include "config/model/config.h"
#include "config/model/value_set.h"
#include "config/reader/keyword.h"

struct sets; /* while rules are read */
MUST_USE struct sets *sets_read(struct loader *loader, const struct yaml_node *node); /* node may be NULL */
/* The set for values of that parameter; NULL when there is none of that name. */
const struct config_values *sets_use(struct loader *loader, struct sets *sets, const char *name,
                                     uint32_t param, enum config_effect effect);
void sets_warn(struct loader *loader, const struct sets *sets);
void sets_done(struct sets *sets); /* the index; what rules refer to stays */

/* `from`: a list of one or more networks or addresses, where $name stands for a set's. */
int sets_read_sources(struct loader *loader, struct sets *sets, const struct yaml_node *node,
                      struct arena *arena, struct network **networks, size_t *count);

/* A list of one or more texts, copied to `arena`. */
int sets_read_patterns(struct loader *loader, const struct yaml_node *node, const char *what,
                       struct arena *arena, struct config_patterns *patterns);

#endif
