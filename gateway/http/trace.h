/* gateway/http/trace.h - which trace a request belongs to (W3C Trace Context, Recommendation of 2021-11-23).
 *
 * A caller's traceparent is taken if there is exactly one and it is well-formed, otherwise a trace is begun;
 * we are a span of our own in it.  It is given back and logged, and not sent upstream: the cloud is no part
 * of it. */
#ifndef GATEWAY_HTTP_TRACE_H
#define GATEWAY_HTTP_TRACE_H

#include "base/base.h"
#include "base/unique_id.h"
#include "gateway/http/request_head.h"

enum { TRACE_ID_HEX = 32, TRACE_SPAN_HEX = 16 };

struct trace {
    char id[TRACE_ID_HEX + 1];     /* "" before trace_choose() */
    char span[TRACE_SPAN_HEX + 1]; /* ours */
    bool sampled;                  /* as the caller said */
};

/* Takes the trace that the request belongs to, or begins one. */
void trace_choose(struct trace *trace, const struct request_head *head, struct unique_id *ident);

/* Section 3.2.2: lower-case hex, no id all zeros; a version that is not ours may say more behind it.  False
 * leaves `trace` as it was. */
MUST_USE bool trace_read(struct trace *trace, const char *traceparent);

#endif
