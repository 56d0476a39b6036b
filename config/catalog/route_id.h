/* config/catalog/route_id.h - what programs call a route: operationId of the OpenAPI document, MCP's tool. */
#ifndef CONFIG_CATALOG_ROUTE_ID_H
#define CONFIG_CATALOG_ROUTE_ID_H

#include "config/model/config.h"
#include "config/reader/keyword.h"

/* What the catalog says, or else the first of these that no route before it has: the action
 * ("createSnapshot", the first route of an action only), method and path ("postDisksDiskIdSnapshots"), the
 * same with a number.  -1, reported: it is said, and no name for a program or another route's already. */
MUST_USE int route_id_settle(struct loader *loader, struct config_route *route);

#endif
