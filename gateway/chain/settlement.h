/* gateway/chain/settlement.h - what became of a change whose outcome the gateway could not know, as a person
 * found out afterwards.
 *
 *   "audit":"settle", ... ,"of":12,"requestId":"...","outcome":"executed","by":"alice","note":"seen there"
 *
 * is a record of its own, in the chain of the change: nothing that was written is altered.  One thread. */
#ifndef GATEWAY_CHAIN_SETTLEMENT_H
#define GATEWAY_CHAIN_SETTLEMENT_H

#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"

enum {
    SETTLEMENT_REQUEST = 64, /* bytes of a request's id: EXCHANGE_ID_MAX */
    SETTLEMENT_BY = 128,     /* bytes, at most: a name or an address */
    SETTLEMENT_NOTE = 1000,  /* bytes, at most: a sentence or two */
};

struct settlement {
    unsigned long long of; /* the intent, by seq */
    char request[SETTLEMENT_REQUEST + 1];
    const char *outcome; /* borrowed, as the following: "executed" or "not-executed" */
    const char *by;
    const char *note;
    const char *operator_name; /* whose token it was; NULL: nobody's, who could write the file */
};

/* Looks through the audit files, oldest first and ended by NULL, for the record `seq`: the intent of a
 * change, or its outcome.  It must be one whose outcome is unknown, or was never recorded: `running` says
 * that the gateway which writes the files runs, and what it began since its start may still be under way.
 * -1: it cannot be settled, `err` says why. */
MUST_USE int settlement_find(const char *const *files, unsigned long long seq, bool running,
                             struct settlement *found, struct err *err);

/* Are the texts what a record takes?  -1: not so. */
MUST_USE int settlement_check(const struct settlement *settlement, struct err *err);

/* The members of the record. */
void settlement_put(struct buf *members, const struct settlement *settlement);

#endif
