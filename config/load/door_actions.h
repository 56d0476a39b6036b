/* config/load/door_actions.h - the actions of the services that have an upstream, from their definitions. */
#ifndef CONFIG_LOAD_DOOR_ACTIONS_H
#define CONFIG_LOAD_DOOR_ACTIONS_H

#include "config/model/config.h"
#include "config/reader/keyword.h"

/* Reads nothing unless `doors: { actions: true }` or `{ sdk: true }`.  After the catalogs, and before the
 * policy: rules name them.  Findings go to the report; -1 when one of them is an error. */
int door_actions_read(struct loader *loader, struct digest *digest);

#endif
