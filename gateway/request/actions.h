/* gateway/request/actions.h - the door /actions: the cloud's actions by their own names and documents, where
 * `doors: { actions: true }` opens it. */
#ifndef GATEWAY_REQUEST_ACTIONS_H
#define GATEWAY_REQUEST_ACTIONS_H

#include "gateway/request/door.h"

extern const struct door actions_door;

/* Is the path a service's, or an action's, that can be looked at by GET?  That of an action takes POST,
 * too. */
bool actions_has_path(const struct exchange *x);
bool actions_takes_post(const struct exchange *x);

/* What the token may call of a service; how the document of one action looks. */
enum problem actions_answer(struct exchange *x);

#endif
