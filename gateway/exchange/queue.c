/* Until it is the request's turn to work: gateway/exchange/cpu_gate.h.  What comes before is too little to
 * wait for, or waits itself for the client. */
#include "gateway/exchange/queue.h"

#include "gateway/exchange/shared.h"

enum problem queue_turn(struct exchange *x)
{
    cpu_gate_take(&x->gateway->turns);
    x->in_cpu_gate = true;
    return PROBLEM_NONE;
}

void queue_end(struct exchange *x)
{
    if (x->in_cpu_gate)
        cpu_gate_end(&x->gateway->turns);
    x->in_cpu_gate = false;
}
