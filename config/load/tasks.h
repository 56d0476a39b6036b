/* config/load/tasks.h - does a change go on after its answer?
 *
 * Definitions do not say; tasks.txt has what the vendor's texts do.  The RequestId of such an answer names
 * the task. */
#ifndef CONFIG_LOAD_TASKS_H
#define CONFIG_LOAD_TASKS_H

#include <stdbool.h>

bool tasks_begins(const char *service, const char *action);

#endif
