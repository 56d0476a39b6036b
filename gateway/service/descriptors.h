/* gateway/service/descriptors.h - who may have how many file descriptors.
 *
 * Where there are enough, everybody has what the configuration says.  Where there are few, callers'
 * connections, the admin listener and connections to upstreams get a share each, at the start: whoever opens
 * many connections cannot take those with which others are served. */
#ifndef GATEWAY_SERVICE_DESCRIPTORS_H
#define GATEWAY_SERVICE_DESCRIPTORS_H

#include "base/base.h"
#include "base/err.h"
#include "config/model/config.h"

enum {
    /* streams, an audit file, two listeners and what watches them, 21; a reload, a name server; each
     * further socket to listen on is one more */
    DESCRIPTORS_OWN = 28,
    /* of one to an upstream: its socket, and two by which libcurl 7.88 wakes itself */
    DESCRIPTORS_CONNECTION = 3,
    DESCRIPTORS_ADMIN = 4,   /* at least: a probe, metrics, a reload, and one that makes room               */
    DESCRIPTORS_CALLERS = 4, /* at least                                                                    */
};

struct descriptors {
    size_t limit;       /* of the process */
    size_t wanted;      /* for all that the configuration says */
    size_t places;      /* connections of callers */
    size_t admin;       /* connections to the admin listener */
    size_t connections; /* to upstreams */
};

/* So many connections of callers may be open where there are enough: one for each worker at least. */
size_t descriptors_connections(const struct config *config);

/* -1 when so few let nobody be served. */
MUST_USE int descriptors_share(const struct config *config, size_t admin_connections, size_t limit,
                               struct descriptors *shares, struct err *err);

#endif
