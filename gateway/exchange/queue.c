/* Until it is the request's turn to work: gateway/exchange/turn.h.  What comes before is too little to wait
 * for, or waits itself for the client. */
#include "gateway/exchange/queue.h"

#include "gateway/exchange/gateway.h"

enum problem queue_turn(struct exchange *x)
{
    turn_take(&x->gateway->turns);
    x->turn = true;
    return PROBLEM_NONE;
}

void queue_end(struct exchange *x)
{
    if (x->turn)
        turn_end(&x->gateway->turns);
    x->turn = false;
}
