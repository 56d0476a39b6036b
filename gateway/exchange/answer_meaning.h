/* gateway/exchange/answer_meaning.h - what the end of an attempt says about the call: the problem that the
 * caller is told, what became of a change, and whether the call may go again.  An attempt ends with an
 * answer's code, for both versions of the API, with an HTTP status, or without an answer.
 *
 * The names are those of the vendor's pages of common errors and of the errors of VPC, CVM, CBS and CLB; the
 * numbers those of its general list of API 2.0.  A code by which the cloud refused means that nothing was
 * executed; a failure inside the cloud, and what no table has, that nobody knows. */
#ifndef GATEWAY_EXCHANGE_ANSWER_MEANING_H
#define GATEWAY_EXCHANGE_ANSWER_MEANING_H

#include "base/base.h"
#include "gateway/response/answer.h"
#include "gateway/exchange/exchange.h"
#include "gateway/http/problem.h"
#include "gateway/health/retry.h"
#include "gateway/health/upstream_health.h"

struct answer_meaning {
    enum problem problem;
    enum outcome outcome;   /* OUTCOME_EXECUTED: at least in part */
    enum retry_cause cause; /* RETRY_CREDENTIAL: if there is another one */
};

struct answer_meaning answer_meaning(const struct answer *answer);

/* The same of an HTTP status other than 200, which the cloud itself never gives (its codes come with 200):
 * what stands before it has answered. */
struct answer_meaning answer_meaning_of_status(int status);

/* The same of an attempt without an answer that can be read. */
struct answer_meaning answer_meaning_of_end(enum upstream_health_end end);

#endif
