/* gateway/keeper/keeper.h - fetches issued credentials before they end, beside the requests' way.
 *
 * Threads of its own fetch each credential at half of its life, and again within seconds where that fails;
 * one that the cloud refuses is fetched at once, at most once a second.  A credential is fetched by one
 * thread at a time.  What was fetched goes to the credential's renewal (gateway/upstream/renewal.h), and
 * serves while it lives.  Several threads, so that a service that hangs holds up one credential, not all. */
#ifndef GATEWAY_KEEPER_KEEPER_H
#define GATEWAY_KEEPER_KEEPER_H

#include "base/base.h"
#include "base/err.h"
#include "base/log/log.h"
#include "gateway/keeper/keeping.h"

enum { KEEPER_THREADS = 2 };

struct keeper;

/* Borrows `notices`.  NULL when memory or descriptors are out.  No thread yet. */
MUST_USE struct keeper *keeper_new(struct log *notices, struct err *err);

/* Stops the threads, where they run; every generation must be gone. */
void keeper_free(struct keeper *keeper);

/* What a generation needs of it.  Not in force yet: keeper_use(). */
MUST_USE struct keeping *keeper_keeping(struct keeper *keeper, const struct config *config,
                                        const struct keeping *previous, const struct keeping_owner *owner,
                                        struct err *err);

/* From now on these are fetched, and no others.  Borrowed until the next one is in force, or the threads have
 * stopped; used only between hold and release of its owner. */
void keeper_use(struct keeper *keeper, struct keeping *keeping);

/* Signals are blocked in the threads. */
MUST_USE int keeper_start(struct keeper *keeper, struct err *err);

/* Until each credential was fetched, or could not be, or the time is over. */
void keeper_wait(struct keeper *keeper, long long millis);

/* Fetches nothing more, and calls that wait for a session of their client end within a second. */
void keeper_abandon(struct keeper *keeper);

/* Waits for what is being fetched: some seconds at most. */
void keeper_stop(struct keeper *keeper);

/* For operators and metrics: a look at one credential of a generation that is held. */
struct keeper_state {
    const char *name;
    bool there;                   /* one that lives */
    bool failing;                 /* the last fetch did */
    bool is_short;                /* there is none, or a quarter of its life is left */
    int64_t left_s;               /* of its life; 0: there is none */
    int64_t life_s;               /* what was left of it when it came */
    unsigned long long good, bad; /* fetches */
    struct err reason;            /* of failing */
};

/* False: the credential of that place is not an issued one, or each client has a session of its own. */
bool keeper_look(struct keeper *keeper, const struct keeping *keeping, size_t index,
                 struct keeper_state *state);

/* Likewise, the sessions of the clients; false: they have none. */
bool keeper_look_sessions(const struct keeping *keeping, size_t index, struct sessions_state *state);

#endif
