#include "gateway/request/flow.h"

#include "base/clock.h"
#include "gateway/call/authorize.h"
#include "gateway/call/follow.h"
#include "gateway/call/forward.h"
#include "gateway/call/resolve.h"
#include "gateway/exchange/gateway.h"
#include "gateway/exchange/queue.h"
#include "gateway/exchange/record.h"
#include "gateway/request/accept.h"
#include "gateway/request/admit.h"
#include "gateway/request/authenticate.h"
#include "gateway/request/cors.h"
#include "gateway/request/own.h"
#include "gateway/request/receive.h"
#include "gateway/request/reply.h"
#include "gateway/request/route.h"
#include "gateway/request/translate.h"

/* A request's whole life.  Stations never call each other. */
static const struct {
    const char *name;
    enum problem (*run)(struct exchange *x);
} line[] = {
    {"accept", accept_request},            /* framing, path, query; what is said about the body        */
    {"preflight", cors_answer},            /* a browser's question, before its page may call           */
    {"route", route_match},                /* a route and its captures; none walks on as none          */
    {"own", own_match},                    /* or a path that we answer ourselves                       */
    {"authenticate", authenticate_caller}, /* whose token; only then is a missing route told           */
    {"admit", admit_client},               /* the client's limits                                     */
    {"describe", own_answer},              /* the answer of such a path                                */
    {"receive", receive_body},             /* the body                                                */
    {"queue", queue_turn},                 /* until it is its turn to work                             */
    {"translate", translate_request},      /* captures, query and JSON become a sealed call            */
    {"resolve", resolve_ids},              /* which thing a former id is, where the cloud is asked     */
    {"authorize", authorize_call},         /* the policy judges exactly what will be signed            */
    {"forward", forward_call},             /* a slot; sign, send, understand                           */
    {"follow", follow_answer},             /* the callers' names, further pages, the end of a task     */
};

static void finish(struct exchange *x)
{
    reply_compose(x); /* always */
    queue_end(x);
    admit_leave(x); /* before the answer: whoever has it may ask again */
    if (x->door->write(x->door->connection, buf_text(x->reply), x->reply->length) != 0)
        x->close = true; /* the client is gone; the record says what would have been answered */
    record_write(x);     /* always, last */
    atomic_fetch_add_explicit(&x->gateway->ended, 1, memory_order_relaxed);
}

static void begin(struct exchange *x)
{
    x->began_us = clock_monotonic_us();
    x->began_ms = clock_wall_ms();
}

void flow_walk(struct exchange *x)
{
    begin(x);
    for (size_t i = 0; i < COUNT(line) && x->problem == PROBLEM_NONE && x->own.status == 0; i++) {
        x->station = line[i].name;
        x->problem = line[i].run(x); /* PROBLEM_NONE walks on, unless there is an answer of our own */
    }
    finish(x);
}

void flow_refuse(struct exchange *x, enum problem problem)
{
    begin(x);
    x->station = line[0].name;
    x->close = true;
    x->problem = problem;
    accept_choose_id(x);
    err_set(&x->err, ERR_INPUT, "the request cannot be read as HTTP/1.1");
    finish(x);
}
