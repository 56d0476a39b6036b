/* sandbox/command/threads.h - a bounded number of threads, each serving one connection to its end. */
#ifndef SANDBOX_COMMAND_THREADS_H
#define SANDBOX_COMMAND_THREADS_H

#include "base/base.h"
#include "sandbox/command/service.h"

#include <openssl/types.h>

struct threads;

/* At most `size` threads at a time.  `tls` (NULL: plain) and `service` are borrowed.  NULL when the system
 * has no more to give. */
MUST_USE struct threads *threads_new(size_t size, SSL_CTX *tls, struct settings *service);

/* Ends every connection, waits for the threads. */
void threads_free(struct threads *crew);

/* For the one thread that accepts: is there room for one more connection? */
bool threads_has_room(struct threads *crew);

/* Takes `fd`, which is closed if no thread can be had. */
void threads_take(struct threads *crew, int fd);

#endif
