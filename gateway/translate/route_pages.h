/* gateway/translate/route_pages.h - all=true for a route: what its calls have in the caller's place. */
#ifndef GATEWAY_TRANSLATE_ROUTE_PAGES_H
#define GATEWAY_TRANSLATE_ROUTE_PAGES_H

#include "base/json/json_value.h"
#include "gateway/exchange/exchange.h"

/* What the first page's call has for the parameter; NULL: what the caller said, or nothing. */
const char *route_pages_value(const struct exchange *x, const struct config_param *param);

/* x->page_call of routes. */
enum problem route_pages_call(struct exchange *x, const struct json_value *page, struct call **call);

#endif
