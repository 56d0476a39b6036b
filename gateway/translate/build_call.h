/* gateway/translate/build_call.h - captures, query and JSON to a sealed call. */
#ifndef GATEWAY_TRANSLATE_BUILD_CALL_H
#define GATEWAY_TRANSLATE_BUILD_CALL_H

#include "base/json/json_value.h"
#include "gateway/exchange/exchange.h"

enum problem build_call_request(struct exchange *x);

/* The same of one object that has all parameters, wherever a request would have them; a list of the path has
 * its one value.  `own`: members of it that are none, ended by NULL; those of them that are query keys of
 * the gateway's own are in x->target. */
enum problem build_call_arguments(struct exchange *x, const struct json_value *arguments,
                                  const char *const *own);

/* Refuses a member of an object that nothing has, and tells its name where that looks like one. */
enum problem build_call_unknown_member(struct exchange *x, const struct json_value *member);

/* A query key of the gateway's own, which may be there once: *value stays NULL where it is not. */
enum problem build_call_own_key(struct exchange *x, const char *name, const char **value);

/* x->body, where there is one, as a JSON object. */
enum problem build_call_read_body(struct exchange *x, struct json_value *root);

/* x->call->region: the one that is given, or the upstream's. */
enum problem build_call_choose_region(struct exchange *x, const char *region);

/* The caller's name, for the cloud's own trail; nothing where the request has no client.  -1: memory is
 * out. */
MUST_USE int build_call_name_client(const struct exchange *x);

#endif
