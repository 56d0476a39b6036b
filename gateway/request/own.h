/* gateway/request/own.h - the paths that the gateway answers itself, without a call: /openapi.json, /docs. */
#ifndef GATEWAY_REQUEST_OWN_H
#define GATEWAY_REQUEST_OWN_H

#include "gateway/exchange/exchange.h"

struct own_page {
    const char *path; /* one segment, without its slash */
    enum problem (*answer)(struct exchange *x);
};

/* Stages: finds the path, and answers where everybody may ask; answers the others. */
enum problem own_match(struct exchange *x);
enum problem own_answer(struct exchange *x);

/* Is the path one of them, whatever the method? */
bool own_has_path(const struct exchange *x);

#endif
