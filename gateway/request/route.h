/* gateway/request/route.h - the path to a route and its captures. */
#ifndef GATEWAY_REQUEST_ROUTE_H
#define GATEWAY_REQUEST_ROUTE_H

#include "gateway/exchange/exchange.h"

enum problem route_match(struct exchange *x);

/* Does the route take the request's path, whatever the method, and has its service an upstream of a
 * generation that has the action? */
bool route_serves(const struct config_route *route, const struct exchange *x);

#endif
