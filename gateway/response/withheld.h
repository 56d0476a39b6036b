/* gateway/response/withheld.h - what the cloud said, and nobody is told. */
#ifndef GATEWAY_RESPONSE_WITHHELD_H
#define GATEWAY_RESPONSE_WITHHELD_H

#include "auth/call.h"
#include "gateway/response/answer.h"

/* An answer that holds a secret of ours: the number stays, and no text, whatever it is for, since a secret
 * can look like an id. */
void withheld_all(struct answer *answer);

/* A refusal of a call with a secret parameter: what the cloud says about it in words may repeat it in a form
 * that nobody looks for, so the code and the cloud's request id alone stay.  Other calls' refusals stay as
 * they are. */
void withheld_words(struct answer *answer, const struct call *call);

#endif
