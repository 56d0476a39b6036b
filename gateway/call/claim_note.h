/* gateway/call/claim_note.h - what a claim of a key says of the one who made it.
 *
 *   REQUEST at TIME
 *   BOOT PROCESS HOLDER HASH REQUEST
 *
 * The first line is for the caller who meets the claim.  The second is for the gateway that made it, after a
 * restart: a process that is dead, on a machine that has run since, claimed the key when HASH was the last
 * record's in the audit file.  If nothing of the request stands behind that record, its intent was never
 * written, so nothing was sent.  A machine that lost its power may have lost the intent: nobody knows
 * then. */
#ifndef GATEWAY_CALL_CLAIM_NOTE_H
#define GATEWAY_CALL_CLAIM_NOTE_H

#include "gateway/exchange/exchange.h"
#include "gateway/state/state.h"

enum { CLAIM_NOTE_SIZE = 384 };

/* By x, whose key has its holder. */
void claim_note_make(const struct exchange *x, char out[CLAIM_NOTE_SIZE]);

/* The length of its first line. */
int claim_note_shown(const char *note);

/* Is it certain that whoever made the claim is dead, and had sent nothing?  Then `holder` is its own. */
bool claim_note_unsent(const struct exchange *x, const char *note, char holder[STATE_HOLDER_SIZE]);

#endif
