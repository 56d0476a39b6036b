/* sandbox/actions/action_table.h - the actions of the API, as a table: one more is a row and a function. */
#ifndef SANDBOX_ACTIONS_ACTION_TABLE_H
#define SANDBOX_ACTIONS_ACTION_TABLE_H

#include "sandbox/call/action.h"

/* NULL: there is no such action. */
const struct action *action_table_find(const char *name);

/* The version of its service in generation 3. */
const char *action_table_version(const struct action *action);

/* Has some action this service? */
bool action_table_has_service(const char *name);

/* Its row, for those who count by action. */
size_t action_table_index(const struct action *action);
const struct action *action_table(size_t *count);

#endif
