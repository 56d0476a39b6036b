#include "gateway/request/pipeline.h"

#include "base/time/clock.h"
#include "gateway/call/authorize.h"
#include "gateway/call/complete.h"
#include "gateway/call/forward.h"
#include "gateway/call/frozen.h"
#include "gateway/call/idempotency.h"
#include "gateway/call/resolve.h"
#include "gateway/call/task_wait.h"
#include "gateway/exchange/queue.h"
#include "gateway/exchange/record.h"
#include "gateway/exchange/shared.h"
#include "gateway/exchange/waiting.h"
#include "gateway/request/accept.h"
#include "gateway/request/admit.h"
#include "gateway/request/authenticate.h"
#include "gateway/door/builtin.h"
#include "gateway/door/cors.h"
#include "gateway/door/door.h"
#include "gateway/door/receive.h"
#include "gateway/request/response_writer.h"

#include <string.h>

/* A request's whole life.  Stages never call each other.  One that is not done yet (waiting.h) is run again
 * later, and the request needs no worker in between. */
static const struct {
    const char *name;
    enum problem (*run)(struct exchange *x);
} line[] = {
    {"accept", accept_request},            /* the head, path and query; what is said about the body    */
    {"preflight", cors_answer},            /* a browser's question, before its page may call           */
    {"route", door_route},                 /* a route and its captures; none walks on as none          */
    {"own", builtin_match},                /* or a path that we answer ourselves                       */
    {"authenticate", authenticate_caller}, /* whose token; only then is a missing route told           */
    {"freeze", frozen_refuse},             /* what an operator has frozen is denied                   */
    {"admit", admit_client},               /* the client's limits                                     */
    {"describe", builtin_answer},          /* the answer of such a path                                */
    {"receive", receive_body},             /* the body                                                */
    {"queue", queue_turn},                 /* until it is its turn to work                             */
    {"key", idempotency_read},             /* the Idempotency-Key of a change                          */
    {"translate", door_translate},         /* captures, query and JSON become a sealed call            */
    {"resolve", resolve_ids},              /* which thing a former id is, where the cloud is asked     */
    {"authorize", authorize_call},         /* the policy judges exactly what will be signed            */
    {"claim", idempotency_claim},          /* a change whose key was used is not sent again            */
    {"forward", forward_call},             /* a slot; sign, send, understand                           */
    {"follow", complete_answer},           /* the callers' names, further pages                        */
    {"wait", task_wait_look},              /* for the end of a task, where the caller prefers to       */
};

static void finish(struct exchange *x)
{
    waiting_end(x);             /* wherever it stopped */
    response_writer_compose(x); /* always */
    queue_end(x);
    receive_end(x);
    idempotency_settle(x);
    admit_leave(x); /* before the answer: whoever has it may ask again */
    if (x->peer->write(x->peer->connection, buf_text(x->reply), x->reply->length) != 0)
        x->close = true; /* the client is gone; the record says what would have been answered */
    record_write(x);     /* always, last */
    atomic_fetch_add_explicit(&x->gateway->ended, 1, memory_order_relaxed);
}

/* False: the stage is to be run again. */
static bool walk(struct exchange *x)
{
    while (x->stage < COUNT(line) && x->problem == PROBLEM_NONE && x->own.status == 0) {
        x->station = line[x->stage].name;
        x->again_us = 0;
        x->problem = line[x->stage].run(x); /* PROBLEM_NONE walks on, unless there is an answer of our own */
        if (x->again_us != 0)
            return false;
        x->stage++;
    }
    finish(x);
    return true;
}

static void begin(struct exchange *x, struct shared *gateway, const struct visit *visit)
{
    struct snapshot *snapshot = shared_take(gateway);
    *x = (struct exchange){
        .gateway = gateway,
        .snapshot = snapshot,
        .config = snapshot->config,
        .peer = visit->peer,
        .arena = visit->arena,
        .head = visit->head,
        .ends = visit->ends,
        .source = visit->source,
        .names = visit->certificate,
        .reply = visit->reply,
        .last = visit->last,
        .began_us = clock_monotonic_us(),
        .began_ms = clock_wall_ms(),
    };
    if (!network_parse_peer(x->source, &x->address))
        memset(&x->address, 0, sizeof x->address); /* cannot happen: it counts as one on a Unix socket */
    atomic_fetch_add(&gateway->in_flight, 1);
}

/* What is lent anew each time. */
static void go_on(struct exchange *x, const struct visit *visit)
{
    x->peer = visit->peer;
    x->ends = visit->ends;
    x->reply = visit->reply;
    x->last = visit->last;
}

static void end(const struct exchange *x, struct visit *visit)
{
    atomic_fetch_sub(&x->gateway->in_flight, 1);
    visit->status = x->status;
    visit->close = x->close;
    shared_release(x->snapshot);
}

/* Until it goes on.  Where there is no memory for that it does so at once, to its end. */
static bool keep(struct exchange *x, struct visit *visit)
{
    if (visit->state == NULL)
        visit->state = arena_alloc(visit->arena, sizeof *x);
    if (visit->state != NULL && visit->state != x)
        memcpy(visit->state, x, sizeof *x);
    visit->again_us = visit->state == NULL ? 0 : x->again_us;
    x->last = visit->state == NULL;
    return visit->state != NULL;
}

void pipeline_serve(void *context, struct visit *visit)
{
    struct exchange begun;
    struct exchange *x = visit->state;
    if (x == NULL) {
        x = &begun;
        begin(x, context, visit);
    } else {
        go_on(x, visit);
    }
    while (!walk(x))
        if (keep(x, visit))
            return;
    end(x, visit);
}
