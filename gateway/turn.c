/* Everybody draws a number; the first `at_once` go on, and each that leaves opens the gate of the next number
 * that has none open.  A gate that is opened before its owner comes lets him through.  Who went on without
 * waiting for it leaves it open for the one who has the same gate a round later, which does no harm. */
#include "gateway/turn.h"

#include <sched.h>
#include <stdlib.h>
#include <time.h>

enum { CORES_UNKNOWN = 64 };

static unsigned long long cores(void)
{
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 ? (unsigned long long)CPU_COUNT(&set) : CORES_UNKNOWN;
}

int turn_init(struct turns *turns, size_t most, struct err *err)
{
    *turns = (struct turns){.at_once = cores() * TURN_PER_CORE};
    turns->gate_count = most + turns->at_once;
    turns->gates = calloc(turns->gate_count, sizeof *turns->gates);
    if (turns->gates == NULL)
        return err_memory(err);
    for (size_t i = 0; i < turns->gate_count; i++)
        (void)sem_init(&turns->gates[i], 0, i < turns->at_once); /* cannot fail */
    atomic_init(&turns->came, 0);
    atomic_init(&turns->left, 0);
    return 0;
}

void turn_done(struct turns *turns)
{
    for (size_t i = 0; turns->gates != NULL && i < turns->gate_count; i++)
        (void)sem_destroy(&turns->gates[i]);
    free(turns->gates);
}

void turn_take(struct turns *turns)
{
    sem_t *gate = &turns->gates[atomic_fetch_add(&turns->came, 1) % turns->gate_count];
    struct timespec until = {0};
    if (sem_trywait(gate) == 0)
        return;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += TURN_WAIT_MS / 1000;
    (void)sem_clockwait(gate, CLOCK_MONOTONIC, &until); /* whatever it says: see turn.h */
}

void turn_end(struct turns *turns)
{
    unsigned long long next = atomic_fetch_add(&turns->left, 1) + turns->at_once;
    (void)sem_post(&turns->gates[next % turns->gate_count]); /* cannot overflow: one for each that came */
}
