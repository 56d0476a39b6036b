/* sandbox/crew.h - a bounded number of threads, each serving one connection to its end. */
#ifndef SANDBOX_CREW_H
#define SANDBOX_CREW_H

#include "base/base.h"
#include "sandbox/service.h"

#include <openssl/types.h>

struct crew;

/* At most `size` threads at a time.  `tls` (NULL: plain) and `service` are borrowed.  NULL when the system
 * has no more to give. */
MUST_USE struct crew *crew_new(size_t size, SSL_CTX *tls, struct service *service);

/* Ends every connection, waits for the threads. */
void crew_free(struct crew *crew);

/* For the one thread that accepts: is there room for one more connection? */
bool crew_has_room(struct crew *crew);

/* Takes `fd`, which is closed if no thread can be had. */
void crew_take(struct crew *crew, int fd);

#endif
