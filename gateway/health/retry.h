/* gateway/health/retry.h - may this call be sent again, and when?  The one place that decides it.
 *
 * A change goes again only when it is certain that it was not executed; a read may be read twice.  What
 * bounds them both: the number of attempts, the request's deadline, and a budget of the upstream, so that
 * retries cannot become the load that keeps a weak upstream down.  No clock and no randomness of its own.
 * What callers are promised: docs/answers.md, "What is tried again". */
#ifndef GATEWAY_HEALTH_RETRY_H
#define GATEWAY_HEALTH_RETRY_H

#include "base/base.h"

#include <stdatomic.h>

enum {
    /* the first, and two more: what three in a row refuse, a fourth will not change */
    RETRY_ATTEMPTS_MAX = 3,
    RETRY_SHARE = 5,        /* one retry earned by so many calls: at most 20 % on top of the load */
    RETRY_PAUSE_MAX_S = 5,  /* longest Retry-After that we wait for ourselves; a longer one is passed on */
    RETRY_ROOM_US = 100000, /* what must be left of the deadline after the pause: a call takes some 50 ms */
};

/* How an attempt ended, as far as another one is concerned. */
enum retry_cause {
    RETRY_NEVER,      /* answered: good, or refused for a reason that stays */
    RETRY_NOT_SENT,   /* no byte of it left: no connection */
    RETRY_LOST,       /* sent, then broken or late: nobody knows */
    RETRY_THROTTLED,  /* refused for the rate: not executed */
    RETRY_GATEWAY,    /* HTTP 502, 503 or 504 of what stands before the cloud: nobody knows */
    RETRY_CLOCK,      /* refused for its time or nonce: not executed */
    RETRY_CREDENTIAL, /* refused for its credential, and there is another: not executed */
    RETRY_RENEWED     /* refused for its credential, which has been renewed: not executed */
};

/* What an upstream's calls have earned and its retries have spent; shared by all threads. */
struct retry_budget {
    atomic_llong credit; /* in parts of a retry: RETRY_SHARE buy one */
    atomic_llong most;
};

/* Room for `burst` retries at once, because when an upstream restarts every call in flight meets it; what is
 * new of the room is full.  All zero in the beginning; again when a reload changes the number. */
void retry_budget_set(struct retry_budget *budget, long long burst);

/* A call, not a retry, is about to be sent. */
void retry_budget_earn(struct retry_budget *budget);

/* Takes a retry from what has been earned; false where nothing is left. */
MUST_USE bool retry_budget_spend(struct retry_budget *budget);

struct retry_facts {
    enum retry_cause cause;
    bool draining;     /* the gateway ends: nothing is begun again */
    bool changes;      /* a change, not a read */
    bool corrected;    /* what was wrong, a clock or a credential, has been corrected for this request */
    unsigned attempts; /* so far, this one included */
    int64_t left_us;   /* of the request's deadline */
    int64_t asked_us;  /* Retry-After of the answer; 0: none */
    uint32_t random;   /* spreads the pauses */
};

struct retry_decision {
    bool again;
    int64_t pause_us; /* before the next attempt; 0: at once */
};

/* Says only whether; the budget is spent by the caller who does it. */
struct retry_decision retry_decide(const struct retry_facts *facts);

#endif
