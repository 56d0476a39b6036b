/* gateway/door/rest.h - the routes' door: paths, JSON and honest statuses.  Other doors use its parts.
 */
#ifndef GATEWAY_DOOR_REST_H
#define GATEWAY_DOOR_REST_H

#include "gateway/door/door.h"

extern const struct door rest_door;

/* A body is JSON in UTF-8, of at most receive_max(), and not compressed. */
enum problem rest_accept(struct exchange *x);

/* The length and coding alone. */
enum problem rest_accept_size(struct exchange *x);

/* RFC 6750: Authorization: Bearer. */
enum problem rest_token(struct exchange *x, const char **token, size_t *length);

/* What a known caller is told of a path that has no route, or not for this method. */
enum problem rest_unrouted(struct exchange *x);

/* The same request may succeed later: never of a change whose outcome nobody knows. */
bool rest_is_retryable(const struct exchange *x);

/* problem+json (RFC 9457) of a walk that ended with one. */
void rest_put_problem(struct buf *body, const struct exchange *x);

/* problem+json with x->status; else x->own, or the answer. */
void rest_reply(struct exchange *x, struct buf *space, struct door_content *content);

#endif
