/* gateway/door/builtin.h - the paths that the gateway answers itself, without a call: /openapi.json,
 * /docs. */
#ifndef GATEWAY_DOOR_BUILTIN_H
#define GATEWAY_DOOR_BUILTIN_H

#include "gateway/exchange/exchange.h"

struct builtin_page {
    const char *path; /* one segment, without its slash */
    enum problem (*answer)(struct exchange *x);
};

/* Stages: finds the path, and answers where everybody may ask; answers the others. */
enum problem builtin_match(struct exchange *x);
enum problem builtin_answer(struct exchange *x);

/* Is the path one of them, whatever the method? */
bool builtin_has_path(const struct exchange *x);

#endif
