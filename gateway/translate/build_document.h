/* gateway/translate/build_document.h - the cloud's own document to a sealed call. */
#ifndef GATEWAY_TRANSLATE_BUILD_DOCUMENT_H
#define GATEWAY_TRANSLATE_BUILD_DOCUMENT_H

#include "base/json/json_value.h"
#include "gateway/exchange/exchange.h"

/* `root` is the body, or none; `region` as the caller named it, or NULL.  x->call has the document that
 * will be signed, and as parameters what rules name of it. */
enum problem build_document_call(struct exchange *x, const struct json_value *root, const char *region);

/* What rules name in a structured parameter of a route, whose value is `value`: added to x->call. */
enum problem build_document_paths(struct exchange *x, const struct config_param *param,
                                  const struct json_value *value);

/* For who signs only to show it: in x->call's document each text becomes CALL_SECRET that the catalog or a
 * rule's path has as a secret, or whose member is called like one, whether a rule names it or not.  *any:
 * there was one. */
enum problem build_document_mask(struct exchange *x, bool *any);

#endif
