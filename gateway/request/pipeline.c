#include "gateway/request/pipeline.h"

#include "base/clock.h"
#include "gateway/call/authorize.h"
#include "gateway/call/complete.h"
#include "gateway/call/forward.h"
#include "gateway/call/frozen.h"
#include "gateway/call/idempotency.h"
#include "gateway/call/resolve.h"
#include "gateway/exchange/queue.h"
#include "gateway/exchange/record.h"
#include "gateway/exchange/shared.h"
#include "gateway/request/accept.h"
#include "gateway/request/admit.h"
#include "gateway/request/authenticate.h"
#include "gateway/request/builtin.h"
#include "gateway/request/cors.h"
#include "gateway/request/door.h"
#include "gateway/request/receive.h"
#include "gateway/request/response_writer.h"

#include <string.h>

/* A request's whole life.  Stages never call each other. */
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
    {"follow", complete_answer},           /* the callers' names, further pages, the end of a task     */
};

static void finish(struct exchange *x)
{
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

static void walk(struct exchange *x)
{
    x->began_us = clock_monotonic_us();
    x->began_ms = clock_wall_ms();
    for (size_t i = 0; i < COUNT(line) && x->problem == PROBLEM_NONE && x->own.status == 0; i++) {
        x->station = line[i].name;
        x->problem = line[i].run(x); /* PROBLEM_NONE walks on, unless there is an answer of our own */
    }
    finish(x);
}

void pipeline_serve(void *context, struct visit *visit)
{
    struct shared *gateway = context;
    struct snapshot *snapshot = shared_take(gateway);
    struct exchange x = {
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
    };
    if (!network_parse_peer(x.source, &x.address))
        memset(&x.address, 0, sizeof x.address); /* cannot happen: it counts as one on a Unix socket */
    atomic_fetch_add(&gateway->in_flight, 1);
    walk(&x);
    atomic_fetch_sub(&gateway->in_flight, 1);
    visit->status = x.status;
    visit->close = x.close;
    shared_release(snapshot);
}
