/* Everybody draws a number; the first `at_once` go on, and each that leaves opens the gate of the next number
 * that has none open.  A gate that is opened before its owner comes lets him through.  Who went on without
 * waiting for it says so there, and it is not opened once: else it would let one more through in every round
 * from then on, and after a stop of a second all would go on at once for ever. */
#include "gateway/limits/cpu_gate.h"

#include "base/time/deadline.h"

#include <sched.h>
#include <stdlib.h>

enum { CORES_UNKNOWN = 64 };

static unsigned long long cores(void)
{
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 ? (unsigned long long)CPU_COUNT(&set) : CORES_UNKNOWN;
}

int cpu_gate_init(struct turns *turns, size_t most, struct err *err)
{
    *turns = (struct turns){.at_once = cores() * CPU_GATE_PER_CORE};
    turns->gate_count = most + turns->at_once;
    turns->gates = calloc(turns->gate_count, sizeof *turns->gates);
    if (turns->gates == NULL)
        return err_memory(err);
    for (size_t i = 0; i < turns->gate_count; i++) {
        (void)sem_init(&turns->gates[i].open, 0, i < turns->at_once); /* cannot fail */
        atomic_init(&turns->gates[i].missed, 0);
    }
    atomic_init(&turns->came, 0);
    atomic_init(&turns->left, 0);
    return 0;
}

void cpu_gate_done(struct turns *turns)
{
    for (size_t i = 0; turns->gates != NULL && i < turns->gate_count; i++)
        (void)sem_destroy(&turns->gates[i].open);
    free(turns->gates);
}

void cpu_gate_take(struct turns *turns)
{
    struct cpu_gate_gate *gate = &turns->gates[atomic_fetch_add(&turns->came, 1) % turns->gate_count];
    if (sem_trywait(&gate->open) == 0)
        return;
    const struct timespec until = deadline_in(CPU_GATE_WAIT_MS);
    if (sem_clockwait(&gate->open, CLOCK_MONOTONIC, &until) != 0)
        (void)atomic_fetch_add(&gate->missed, 1); /* and goes on: see cpu_gate.h */
}

/* Whether it was opened a moment before or is to be opened: one opening less. */
static bool is_missed(struct cpu_gate_gate *gate)
{
    unsigned missed = atomic_load(&gate->missed);
    while (missed > 0)
        if (atomic_compare_exchange_weak(&gate->missed, &missed, missed - 1))
            return true;
    return false;
}

void cpu_gate_end(struct turns *turns)
{
    unsigned long long next = atomic_fetch_add(&turns->left, 1) + turns->at_once;
    struct cpu_gate_gate *gate = &turns->gates[next % turns->gate_count];
    if (!is_missed(gate))
        (void)sem_post(&gate->open); /* cannot overflow: one for each that came */
}
