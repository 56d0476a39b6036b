/* gateway/admin/admin.h - what the admin listener answers: is it alive, may it serve, which version is
 * it. */
#ifndef GATEWAY_ADMIN_ADMIN_H
#define GATEWAY_ADMIN_ADMIN_H

#include "gateway/web/logins.h"
#include "gateway/server/server.h"
#include "gateway/admin/desk.h"
#include "gateway/reload/reload.h"

struct admin {
    struct shared *gateway;
    struct reload *reload;
    pthread_mutex_t settling;             /* see operate.h */
    struct logins *sessions;              /* of the console */
    _Atomic(struct server *) own_door;    /* NULL until both are open */
    _Atomic(struct server *) public_door; /* NULL until it is open; then it outlives the admin listener */
};

/* The desk's pages; `context` is a struct admin. */
void admin_answer(void *context, struct visit *visit, struct desk_answer *answer);

/* The bodies of /readyz and /metrics, for the console. */
void admin_look(struct admin *admin, struct buf *ready, struct buf *metrics);

/* As front_admin_names: those that the configuration in force names. */
bool admin_is_asked_by(void *context, const char *host);

#endif
