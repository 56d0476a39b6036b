/* gateway/keeper/keeping.h - the issued credentials of one generation of the configuration.
 *
 * What lives is shared with the generation before, where the configuration says the same of it. */
#ifndef GATEWAY_KEEPER_KEEPING_H
#define GATEWAY_KEEPER_KEEPING_H

#include "base/base.h"
#include "base/err.h"
#include "config/model/config.h"
#include "gateway/keeper/cam_policy.h"
#include "gateway/keeper/fetch.h"
#include "gateway/keeper/sessions.h"
#include "gateway/upstream/renewal.h"
#include "gateway/upstream/upstream_pool.h"

#include <stdatomic.h>

/* One credential, across generations.  Counted. */
struct keeping_entry {
    atomic_uint references;
    char *same; /* config_issuer.same */
    struct renewal *renewal;

    /* with the keeper's mutex */
    bool busy;          /* a thread fetches it */
    bool tried;         /* once at least */
    int64_t due_us;     /* when it is fetched next */
    int64_t began_us;   /* when it was fetched last */
    int64_t expires_us; /* of what is there; 0: nothing ever was */
    int64_t life_us;    /* what was left of it when it came */
    unsigned failures;  /* in a row */
    unsigned long long good, bad;
    struct err reason; /* why the last one failed */
};

/* What one client's sessions may do.  It is made when the client first calls under this generation: a load
 * would have to look at each action for each client, most of which never call. */
struct keeping_scope {
    _Atomic(struct cam_policy *) made; /* owned; NULL: not yet */
};

/* Who keeps the configuration of a generation alive while it is used. */
struct keeping_owner {
    void (*hold)(void *context);
    void (*release)(void *context);
    void *context;
};

struct keeping {
    const struct config *config; /* borrowed */
    struct keeping_owner owner;
    struct keeping_entry **entries; /* by config->credentials; NULL: that one is not issued */
    struct renewal **renewals;  /* likewise: those of the entries, and of files that one is assumed from */
    struct sessions **sessions; /* likewise: of those that each client has one of; such a one has no entry */
    struct keeping_scope **scopes; /* likewise, with down_scope: by config_client.index; NULL: without */
    size_t count;
    struct upstream_pool *back; /* to config->issuers; NULL: neither is asked */
};

/* `wake` and its context are for renewal_new_kept(), `abandoned` for upstream_pool_new(); `previous` may be
 * NULL.  Fetches nothing. */
MUST_USE struct keeping *keeping_new(const struct config *config, const struct keeping *previous,
                                     const struct keeping_owner *owner, void (*wake)(void *context),
                                     void *context, const atomic_bool *abandoned, struct err *err);
void keeping_free(struct keeping *keeping); /* NULL does nothing */

/* To be run: a fetch of that credential. */
struct fetch keeping_fetch(const struct keeping *keeping, size_t index);

/* The policy of the client's session of that credential, by the rules of this generation; borrowed from it.
 * NULL: it is not narrowed.  0, or -1 when memory is out: then there is no session either, since one that is
 * not narrowed may do more.  Safe from many threads. */
MUST_USE int keeping_scope(const struct keeping *keeping, size_t index, const struct config_client *client,
                           const struct cam_policy **scope, struct err *err);

/* For upstream_pool_new(); borrowed. */
struct upstream_pool_kept keeping_of_pool(const struct keeping *keeping);

struct keeping_entry *keeping_entry_hold(struct keeping_entry *entry);
void keeping_entry_release(struct keeping_entry *entry);

#endif
