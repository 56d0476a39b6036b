/* gateway/admin/operate.h - what operators change through the admin listener: freezes, and changes whose
 * outcome was unknown.
 *
 * Each takes a JSON object, answers with one, and leaves a record of its own in the audit file. */
#ifndef GATEWAY_ADMIN_OPERATE_H
#define GATEWAY_ADMIN_OPERATE_H

#include "gateway/admin/desk.h"
#include "gateway/admin/operators.h"

#include <jansson.h>

struct operate {
    struct shared *gateway;
    const struct config *config; /* in force */
    const struct operators_use *use;
    struct visit *visit;
    pthread_mutex_t *settling; /* one at a time looks and settles */
};

/* {"client": "web", "token": "2026-11", "for": "2h", "reason": "..."}; token and for may be absent. */
void operate_freeze(const struct operate *operate, struct desk_answer *answer);

/* {"client": "web", "token": "2026-11"} */
void operate_thaw(const struct operate *operate, struct desk_answer *answer);

/* The same for who has read the members already. */
void operate_freeze_as(const struct operate *operate, const json_t *body, struct desk_answer *answer);
void operate_thaw_as(const struct operate *operate, const json_t *body, struct desk_answer *answer);
void operate_settle_as(const struct operate *operate, const json_t *body, struct desk_answer *answer);

/* {"seq": 12, "outcome": "executed", "by": "alice", "note": "..."} */
void operate_settle(const struct operate *operate, struct desk_answer *answer);

/* All that is frozen; takes no body. */
void operate_freezes(const struct operate *operate, struct desk_answer *answer);

#endif
