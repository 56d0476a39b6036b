/* gateway/door/route.h - the path to a route and its captures. */
#ifndef GATEWAY_DOOR_ROUTE_H
#define GATEWAY_DOOR_ROUTE_H

#include "gateway/exchange/exchange.h"

enum problem route_match(struct exchange *x);

/* Does the route take the request's path, whatever the method, and has its service an upstream of a
 * generation that has the action? */
bool route_serves(const struct config_route *route, const struct exchange *x);

/* The same without the '/' that ends the request's path. */
bool route_fits(const struct config_route *route, const struct exchange *x);

/* The methods of all routes together, with ", " between them: which path takes which is for those who have a
 * token. */
void route_put_methods(struct buf *out, const struct config *config);

#endif
