/* gateway/keeper/schedule.h - when a credential is fetched again.  Pure: time and chance are arguments.
 *
 * At half of its life, and never later than SCHEDULE_FLOOR_S before its end where it lives that long; sooner
 * by up to a tenth, so that gateways that started together do not come together.  After a failure again
 * within seconds: the one that it has serves meanwhile, and where there is none, callers wait for it. */
#ifndef GATEWAY_KEEPER_SCHEDULE_H
#define GATEWAY_KEEPER_SCHEDULE_H

#include "base/base.h"

enum {
    SCHEDULE_FLOOR_S = 300,        /* what the vendor's clients keep as their margin */
    SCHEDULE_MOST_S = 21600,       /* half of the longest life that STS gives: an end in a year is no reason
                                        to look away for half of it */
    SCHEDULE_LEAST_US = 250000,    /* between two fetches that went well */
    SCHEDULE_FIRST_US = 200000,    /* after the first failure; twice that after the next */
    SCHEDULE_DEAD_US = 2000000,    /* at most, where there is none that lives */
    SCHEDULE_LIVING_US = 30000000, /* and where there is one ... */
    SCHEDULE_PART = 8,             /* ... but no more than that part of what is left to it */
    SCHEDULE_ASKED_US = 1000000,   /* between two fetches because the cloud refused what is there */
};

/* From a fetch to the next; `left_us` is the life that was left to what it brought. */
int64_t schedule_after_success(int64_t left_us, uint32_t random);

/* From a fetch that failed, the `failures`-th in a row (from 1), to the next; `left_us` of what is there,
 * 0 or less: nothing. */
int64_t schedule_after_failure(unsigned failures, int64_t left_us, uint32_t random);

/* An operator should know of what is left, of a life that was so long: a quarter or less. */
bool schedule_is_short(int64_t left_us, int64_t life_us);

#endif
