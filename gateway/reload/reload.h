/* gateway/reload/reload.h - a new configuration beside the old: loaded, checked, tested, then swapped.
 * Anything wrong leaves the old one serving. */
#ifndef GATEWAY_RELOAD_RELOAD_H
#define GATEWAY_RELOAD_RELOAD_H

#include "base/base.h"
#include "base/buf.h"
#include "config/reader/report.h"
#include "gateway/exchange/shared.h"
#include "gateway/server/server.h"
#include "gateway/reload/sd_notify.h"

#include <pthread.h>

/* Loads a configuration; NULL when anything is wrong: the report tells.  Its tests are not run. */
MUST_USE struct config *reload_load(const char *path, const struct config *previous, struct report *report);

enum reload_end {
    RELOAD_GOOD,
    RELOAD_BAD,       /* the old configuration stays in force                                      */
    RELOAD_UNAUDITED, /* the new one is in force, but the audit file could not be opened again     */
    RELOAD_BUSY,      /* none began: RELOAD_WAITERS_MAX others wait already                        */
};

/* What can be asked of the thread that reloads. */
enum reload_task {
    RELOAD_ALL = 1,   /* the configuration, and the audit file */
    RELOAD_AUDIT = 2, /* the audit file alone: it was rotated */
};

/* Reloads happen one at a time, in a thread of their own: files, an audit file's disk and standard error may
 * keep it waiting, and the main thread has to see the next signal. */
struct reload {
    const char *path; /* of countersign.yaml; borrowed */
    struct shared *gateway;
    const struct sd_notify *notify; /* borrowed */
    struct server *listen;          /* whose certificates are read again; set before reload_start() */
    struct server *admin;
    pthread_t thread;
    bool started;
    pthread_mutex_t mutex;
    pthread_cond_t work;          /* for the thread */
    pthread_cond_t finished;      /* for those who wait for the outcome */
    unsigned tasks;               /* of enum reload_task, not begun */
    unsigned long long wanted;    /* by reload_ask() */
    unsigned long long done;      /* reloads that have ended */
    unsigned waiting;             /* in reload_ask() */
    enum reload_end last;         /* how it ended */
    bool ended;                   /* the service is shutting down */
    struct buf errors;            /* of the last one: lines */
    struct buf warnings;          /* likewise */
    struct buf tests;             /* of the configuration in force, those that failed when it was loaded */
    int64_t good_at;              /* when the configuration in force was loaded, seconds since 1970 */
    unsigned long long counts[2]; /* reloads that were good, and bad */
};

MUST_USE int reload_init(struct reload *reload, const char *path, struct shared *gateway,
                         const struct sd_notify *notify);

/* Begins the thread.  All signals should be blocked before: it inherits the mask. */
MUST_USE int reload_start(struct reload *reload, struct err *err);

/* After reload_end(): waits for what the thread is at, which uses `listen` and `admin`. */
void reload_join(struct reload *reload);
void reload_done(struct reload *reload);

/* The tests of the configuration that the service starts with: one that fails is told, and is no reason
 * not to serve.  Before the first reload. */
void reload_begin(struct reload *reload);

/* Says on standard error how it went; does not wait. */
void reload_want(struct reload *reload, enum reload_task task);

enum { RELOAD_WAITERS_MAX = 4 }; /* a reload that hangs must leave workers for health and metrics */

/* Waits, at most 30 s, for a reload that began after the call.  It appends the reload's errors and warnings,
 * as lines. */
MUST_USE enum reload_end reload_ask(struct reload *reload, struct buf *errors, struct buf *warnings);

struct reload_state {
    unsigned long long good, bad; /* reloads since the process began */
    bool failed;                  /* the last one */
    int64_t good_at;              /* when the configuration in force was loaded, seconds since 1970 */
};
void reload_look(struct reload *reload, struct reload_state *state);

/* Nobody reloads any more: whoever asks, or waits, is told so. */
void reload_end(struct reload *reload);

/* Did the last one fail?  Appends its errors. */
bool reload_failed(struct reload *reload, struct buf *errors);

/* Appends the failed tests of the configuration in force, as lines. */
void reload_tests(struct reload *reload, struct buf *tests);

#endif
