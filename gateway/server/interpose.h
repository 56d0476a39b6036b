/* gateway/server/interpose.h - four functions of the C library, as CivetWeb calls them.
 *
 * The program's listen(2), accept(2), poll(2) and recv(2) come before the C library's, for everything that
 * is linked to it: that is how a listener gets hold of what CivetWeb has no callback for.  Each thread
 * chooses: without a choice they do what they always do.  Where a CivetWeb calls something else, no request
 * is ever answered: see server.c. */
#ifndef GATEWAY_SERVER_INTERPOSE_H
#define GATEWAY_SERVER_INTERPOSE_H

#include "base/base.h"

#include <sys/socket.h>
#include <sys/types.h>

struct interpose {
    /* Instead of listen(2), by the thread that starts CivetWeb; or NULL. */
    int (*listen)(void *context, int fd);
    /* Instead of poll(2) of one descriptor for reading: is there something within `millis`?  NULL: yes, at
     * once. */
    bool (*poll)(void *context, int millis);
    /* Instead of accept(2), by the thread that accepts; or NULL. */
    int (*accept)(void *context, struct sockaddr_in *peer);
    /* Instead of recv(2); or NULL. */
    ssize_t (*recv)(void *context, void *bytes, size_t size);
    void *context;
};

/* For the calling thread, from now on; NULL: the C library's own. */
void interpose_thread(const struct interpose *interpose);

#endif
