/* gateway/request/pipeline.h - the walk of one request, from the front door and back to it.
 *
 * Each stage has a file and a header of its own.  It reads what earlier ones have written in struct exchange,
 * writes its own part, and returns PROBLEM_NONE to walk on or how the walk ends, with the sentence in
 * x->err.  pipeline.c has the table of them. */
#ifndef GATEWAY_REQUEST_PIPELINE_H
#define GATEWAY_REQUEST_PIPELINE_H

#include "gateway/http/handler.h"

/* Walks the visit's request to its end: the answer is written to the door and the record to the log; or to
 * where it waits, and on from there (gateway/exchange/waiting.h).  `context` is the struct shared. */
void pipeline_serve(void *context, struct visit *visit);

#endif
