/* gateway/request/build_call.h - captures, query and JSON to a sealed call. */
#ifndef GATEWAY_REQUEST_BUILD_CALL_H
#define GATEWAY_REQUEST_BUILD_CALL_H

#include "gateway/exchange/exchange.h"

enum problem build_call_request(struct exchange *x);

/* A query key of the gateway's own, which may be there once: *value stays NULL where it is not. */
enum problem build_call_own_key(struct exchange *x, const char *name, const char **value);

/* x->call->region: `region` of the query, or the upstream's. */
enum problem build_call_choose_region(struct exchange *x);

/* The caller's name, for the cloud's own trail; nothing where the request has no client.  -1: memory is out. */
MUST_USE int build_call_name_client(const struct exchange *x);

#endif
