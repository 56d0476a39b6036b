#include "gateway/keeper/schedule.h"

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t most(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Up to a tenth sooner. */
static int64_t spread(int64_t pause_us, uint32_t random)
{
    return pause_us - (int64_t)((double)pause_us / 10 * (double)random / (double)UINT32_MAX);
}

int64_t schedule_after_success(int64_t left_us, uint32_t random)
{
    int64_t pause = left_us / 2;
    int64_t floor = left_us - SCHEDULE_FLOOR_S * INT64_C(1000000);
    if (floor > 0)
        pause = least(pause, most(floor, left_us / 4)); /* a life of little more than the floor has none */
    pause = least(pause, SCHEDULE_MOST_S * INT64_C(1000000));
    return most(spread(pause, random), SCHEDULE_LEAST_US);
}

int64_t schedule_after_failure(unsigned failures, int64_t left_us, uint32_t random)
{
    unsigned doublings = failures > 10 ? 9 : failures - 1;
    int64_t pause = (int64_t)SCHEDULE_FIRST_US << doublings;
    int64_t bound = left_us <= 0 ? SCHEDULE_DEAD_US : least(SCHEDULE_LIVING_US, left_us / SCHEDULE_PART);
    return spread(most(least(pause, bound), SCHEDULE_FIRST_US), random);
}

bool schedule_is_short(int64_t left_us, int64_t life_us)
{
    return left_us <= life_us / 4;
}
