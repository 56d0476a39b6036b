/* gateway/dryrun/dry_run.h - a request that never came through the front door: the same stages, no
 * network. */
#ifndef GATEWAY_DRYRUN_DRY_RUN_H
#define GATEWAY_DRYRUN_DRY_RUN_H

#include "gateway/exchange/exchange.h"

/* Walks `x` from accept's result to a sealed call.  `path` may have a query; `body` is JSON or NULL.  Needs
 * x->config and x->arena; -1 with x->err when the request cannot become a call. */
MUST_USE int dry_run_translate(struct exchange *x, const char *method, const char *path, const char *body);

/* For who signs only to show it: each value of x->call that is secret becomes CALL_SECRET.  *any: there was
 * one.  -1 with x->err. */
MUST_USE int dry_run_mask(struct exchange *x, bool *any);

#endif
