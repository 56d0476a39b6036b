/* gateway/metrics/shares.h - who asked how much, and for what, over the last 15 minutes and the last 24
 * hours: requests by client and by action, at the times at which history.h takes its samples.
 *
 * Memory is fixed: 1 MB.  Each has so many names; one that comes when there is no room, and none had no
 * request for a day, is counted with the others.  Names are the configuration's alone.  Any thread may
 * count and read. */
#ifndef GATEWAY_METRICS_SHARES_H
#define GATEWAY_METRICS_SHARES_H

#include "base/base.h"
#include "gateway/metrics/history.h"

enum shares_kind { SHARES_CLIENTS, SHARES_ACTIONS, SHARES_KINDS };

enum {
    SHARES_NAMES = 256, /* of each kind; the first of them are the others */
    SHARES_NAME_SIZE = 96,
    SHARES_TOP = 8, /* that a look names */
};

struct shares;

/* NULL when memory is out. */
MUST_USE struct shares *shares_new(int64_t now_ms);
void shares_free(struct shares *shares); /* NULL does nothing */

void shares_count(struct shares *shares, enum shares_kind kind, const char *name, unsigned count);

/* A sample of history.h is taken: what is counted from now on is another row's. */
void shares_step(struct shares *shares, int64_t now_ms);

struct shares_row {
    int64_t from_ms, until_ms;       /* since 1970 */
    unsigned counts[SHARES_TOP + 1]; /* of the names, and behind them of all others */
};

struct shares_look {
    char names[SHARES_TOP][SHARES_NAME_SIZE]; /* those with most requests, the most first */
    size_t name_count;
    bool others; /* had any */
    size_t row_count;
    struct shares_row rows[HISTORY_SAMPLES]; /* oldest first; the last one is not over yet */
};

void shares_read(struct shares *shares, enum shares_kind kind, enum history_range range, int64_t now_ms,
                 struct shares_look *look);

#endif
