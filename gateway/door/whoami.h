/* gateway/door/whoami.h - what a caller may know of itself: GET /whoami. */
#ifndef GATEWAY_DOOR_WHOAMI_H
#define GATEWAY_DOOR_WHOAMI_H

#include "base/base.h"
#include "base/buf.h"
#include "config/model/config.h"

enum { WHOAMI_MAX = 512 * 1024 };

struct whoami_view {
    const struct config *config;
    const struct config_client *client;                  /* the caller */
    const struct config_token *token;                    /* by which it is known, or NULL */
    const struct config_client_certificate *certificate; /* likewise */
    int64_t now;  /* seconds since 1970: rules that have expired are left out */
    bool limited; /* the client has a rate, of which */
    int64_t left; /* calls are left */
};

/* The client, what it is known by, when that ends, what is left of its rate, and the rules that concern it,
 * with their values. */
void whoami_put(struct buf *out, const struct whoami_view *view);

/* The member "rules" with those of them alone that concern calls of this route: for who was refused one. */
void whoami_put_rules(struct buf *out, const struct whoami_view *view, const struct config_route *route);

#endif
