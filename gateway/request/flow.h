/* gateway/request/flow.h - the walk of one request, from the front door and back to it.
 *
 * Each stage has a file and a header of its own.  It reads what earlier ones have written in struct exchange,
 * writes its own part, and returns PROBLEM_NONE to walk on or how the walk ends, with the sentence in
 * x->err.  flow.c has the table of them. */
#ifndef GATEWAY_REQUEST_FLOW_H
#define GATEWAY_REQUEST_FLOW_H

#include "gateway/exchange/exchange.h"

/* Fills `x` by walking it to its end: the reply is written to the door and the record to the log.  Before,
 * the front door has set gateway, config, back, door, arena, framing, source and reply. */
void flow_walk(struct exchange *x);

/* The last two stations only: for what the HTTP library refused before anything could be read. */
void flow_refuse(struct exchange *x, enum problem problem);

#endif
