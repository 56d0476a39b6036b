/* config/catalog/task_route.h - which route tells how a route's tasks are, once all catalogs are read. */
#ifndef CONFIG_CATALOG_TASK_ROUTE_H
#define CONFIG_CATALOG_TASK_ROUTE_H

#include "config/reader/keyword.h"

/* Each `task_route` is the id of a route that can tell it.  -1 when anything was reported. */
int task_route_settle(struct loader *loader);

#endif
