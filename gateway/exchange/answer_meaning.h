/* gateway/exchange/answer_meaning.h - what an answer's code says about the call: the problem that the
 * caller is told, and what became of a change.  One table for both generations of the API.
 *
 * The names are those of the vendor's pages of common errors and of the errors of VPC, CVM, CBS and CLB; the
 * numbers those of its general list of API 2.0.  A code by which the cloud refused means that nothing was
 * executed; a failure inside the cloud, and what no table has, that nobody knows. */
#ifndef GATEWAY_EXCHANGE_ANSWER_MEANING_H
#define GATEWAY_EXCHANGE_ANSWER_MEANING_H

#include "base/base.h"
#include "gateway/exchange/answer.h"
#include "gateway/http/problem.h"

struct answer_meaning {
    enum problem problem;
    bool executed_unknown; /* a change may have been executed in spite of the code */
    bool executed;         /* a change was executed, at least in part */
    bool elsewhere;        /* what stands before the cloud could not reach it: a read may go again */
    bool other_credential; /* unknown, disabled or wrong key: another credential may be taken */
};

struct answer_meaning answer_meaning(const struct answer *answer);

/* The same of an HTTP status other than 200, which the cloud itself never gives (its codes come with 200):
 * what stands before it has answered. */
struct answer_meaning answer_meaning_of_status(int status);

#endif
