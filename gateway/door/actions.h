/* gateway/door/actions.h - the door /actions: the cloud's actions by their own names and documents, where
 * `doors: { actions: true }` opens it. */
#ifndef GATEWAY_DOOR_ACTIONS_H
#define GATEWAY_DOOR_ACTIONS_H

#include "gateway/door/door.h"

extern const struct door actions_door;

/* Is the path a service's, or an action's, that can be looked at by GET?  That of an action takes POST,
 * too. */
bool actions_has_path(const struct exchange *x);
bool actions_takes_post(const struct exchange *x);

/* How long the body of this request may be. */
size_t actions_body_max(const struct exchange *x);

/* What the token may call of a service; how the document of one action looks. */
enum problem actions_answer(struct exchange *x);
enum problem actions_answer_one(struct exchange *x, const struct config_action *action);

enum {
    ACTIONS_ANSWER_MAX =
        4 * 1024 * 1024 /* the largest service has 1,400 actions, the largest schema 300 KiB */
};

/* The answer is `out`, which is done with. */
enum problem actions_keep(struct exchange *x, struct buf *out);

/* Could any call of it be allowed? */
bool actions_may_call(const struct exchange *x, const struct config_action *action);

/* Members: its name, version and effect. */
void actions_put_facts(struct buf *out, const struct config_action *action);

#endif
