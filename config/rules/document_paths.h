/* config/rules/document_paths.h - the members of the cloud's documents that rules name: "Tags.Key". */
#ifndef CONFIG_RULES_DOCUMENT_PATHS_H
#define CONFIG_RULES_DOCUMENT_PATHS_H

#include "config/rules/rule_index.h"

enum { DOCUMENT_PATHS_MAX = 1000 }; /* distinct names that are no parameter's, of all rules */

/* Where the document of some action of the rule has that name, its number; UINT32_MAX: no such action has it.
 * *is_object: it is an object there, of which only its absence can be asked.  -1: there are too many. */
MUST_USE int document_paths_number(struct loader *loader, const struct config_rule *rule, const char *name,
                                   uint32_t *number, bool *is_object);

/* The number of such a name, which is given one if it has none. */
MUST_USE int document_paths_name(struct loader *loader, const char *name, uint32_t *number);

/* Where "tags.Key" goes on in a structured parameter `tags`, or `Tags` as the cloud calls it; NULL: it is
 * about something else. */
const char *document_paths_inside(const struct config_param *param, const char *name);

/* Writes the paths of actions and routes: of each, what its rules name. */
MUST_USE int document_paths_place(struct rule_index *index);

/* Do its patterns reach an action without a route, whatever the effect? */
bool document_paths_reached(const struct config *config, const struct config_rule *rule);

/* How many such actions it is about: of the effects to which it is limited, if it is. */
size_t document_paths_count(const struct config *config, const struct config_rule *rule);

#endif
