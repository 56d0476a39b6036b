/* gateway/listener/unix_path.h - the path of a Unix socket that the gateway listens on: made, and taken away.
 * Of one thread at a time. */
#ifndef GATEWAY_LISTENER_UNIX_PATH_H
#define GATEWAY_LISTENER_UNIX_PATH_H

#include "base/base.h"
#include "base/err.h"
#include "config/model/config.h"

#include <sys/un.h>

struct unix_path {
    struct sockaddr_un address; /* its name is "" where there is none */
    uint64_t device, inode;     /* of what was made */
};

/* A socket at the entry's path, with its mode; it does not listen yet.  A socket on which nobody listens any
 * more is replaced; anything else that is there is an error.  `*fd` is the caller's also after -1, where it
 * is not -1, and unix_path_remove() is still due. */
MUST_USE int unix_path_open(struct unix_path *path, const struct config_listener *config, int *fd,
                            struct err *err);

/* Unless another process has put its own there meanwhile.  Once; then there is no path. */
void unix_path_remove(struct unix_path *path);

#endif
