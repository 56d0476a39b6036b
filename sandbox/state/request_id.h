/* sandbox/state/request_id.h - the RequestId of an answer of generation 3: looks like a UUID.
 *
 * That of a change names its task, so its end is the task's number and the rest cannot be guessed. */
#ifndef SANDBOX_STATE_REQUEST_ID_H
#define SANDBOX_STATE_REQUEST_ID_H

#include "base/base.h"
#include "sandbox/state/outcome.h"

enum { REQUEST_ID_SALT = 10 };

/* Random bytes of the system's. */
void request_id_salt(unsigned char salt[REQUEST_ID_SALT]);

/* `number` has at most 48 bits. */
void request_id_format(const unsigned char salt[REQUEST_ID_SALT], long long number,
                       char out[OUTCOME_REQUEST_ID_SIZE]);

/* For an answer that began no task: all of it is random. */
void request_id_random(char out[OUTCOME_REQUEST_ID_SIZE]);

/* The number at its end; -1 when `text` is no RequestId. */
long long request_id_number(const char *text);

#endif
