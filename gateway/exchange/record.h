/* gateway/exchange/record.h - what stays of a request: the audit records of a change, the metrics, one line
 * of the log. */
#ifndef GATEWAY_EXCHANGE_RECORD_H
#define GATEWAY_EXCHANGE_RECORD_H

#include "gateway/exchange/exchange.h"

/* A change, before its first byte is sent. */
enum problem record_intend(struct exchange *x);

/* What became of it, before the caller is told. */
void record_settle(struct exchange *x, enum problem problem);

void record_write(struct exchange *x); /* always, last */

/* The member "params": all of a call's parameters, each a string or an array of strings. */
void record_put_params(struct buf *out, const struct call *call);

/* The member "formerIds": the ids of before that the caller said, and whose current ones are in "params". */
void record_put_former_ids(struct buf *out, const struct call *call);

#endif
