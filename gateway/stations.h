/* gateway/stations.h - the stations of the walk, in the order of the table in flow.c.
 *
 * Each reads what is to its left in struct exchange, writes its own part, and returns PROBLEM_NONE to walk on
 * or how the walk ends, with the sentence in x->err. */
#ifndef GATEWAY_STATIONS_H
#define GATEWAY_STATIONS_H

#include "gateway/exchange.h"

enum problem accept_request(struct exchange *x);      /* accept.c       */
void accept_choose_id(struct exchange *x);            /* the caller's X-Request-Id or a new one */
enum problem cors_answer(struct exchange *x);         /* cors.c         */
enum problem route_match(struct exchange *x);         /* route.c        */
enum problem own_match(struct exchange *x);           /* own.c          */
enum problem authenticate_caller(struct exchange *x); /* authenticate.c */
enum problem admit_client(struct exchange *x);        /* admit.c        */
void admit_leave(struct exchange *x);                 /* once the answer is composed */
enum problem own_answer(struct exchange *x);          /* own.c          */
enum problem receive_body(struct exchange *x);        /* receive.c      */
enum problem queue_turn(struct exchange *x);          /* queue.c        */
void queue_end(struct exchange *x);                   /* before it waits for anything else; once is enough */
enum problem translate_request(struct exchange *x);   /* translate.c    */
enum problem resolve_ids(struct exchange *x);         /* resolve.c      */
enum problem authorize_call(struct exchange *x);      /* authorize.c    */
enum problem forward_call(struct exchange *x);        /* forward.c      */
enum problem follow_answer(struct exchange *x);       /* follow.c       */
void reply_compose(struct exchange *x);               /* reply.c, always       */
enum problem record_intend(struct exchange *x);       /* record.c: a change, before its first byte is sent */
void record_settle(struct exchange *x,
                   enum problem problem); /* what became of it, before the caller is told      */
void record_write(struct exchange *x);    /* record.c, always last */

/* Does the route take the request's path, whatever the method, and has its service an upstream of a
 * generation that has the action? */
bool route_serves(const struct config_route *route, const struct exchange *x);

/* May the exchange's client make a further call for its request?  `granted`: what was allowed already covers
 * it, unless a rule denies it. */
bool authorize_further(const struct exchange *x, const struct call *call, bool granted);

/* The member "params": all of a call's parameters, each a string or an array of strings. */
void record_put_params(struct buf *out, const struct call *call);

/* The member "formerIds": the ids of before that the caller said, and whose current ones are in "params". */
void record_put_former_ids(struct buf *out, const struct call *call);

#endif
