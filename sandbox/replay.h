/* sandbox/replay.h - which (SecretId, Timestamp, Nonce) was seen, within a time and a bound. */
#ifndef SANDBOX_REPLAY_H
#define SANDBOX_REPLAY_H

#include "base/base.h"

enum { REPLAY_CAPACITY = 1000000 }; /* some 120 MB when full; the oldest go first */

struct replay;

/* Entries are kept for `keep` seconds, and at most `capacity` of them.  NULL when memory is out. */
MUST_USE struct replay *replay_new(int64_t keep, size_t capacity);
void replay_free(struct replay *replay);

enum replay_verdict { REPLAY_FRESH, REPLAY_SEEN, REPLAY_NO_MEMORY };

/* Remembers the triple and tells whether it was there.  `now` in seconds.  May be called by many threads. */
MUST_USE enum replay_verdict replay_check(struct replay *replay, const char *secret_id, const char *timestamp,
                                          const char *nonce, int64_t now);

#endif
