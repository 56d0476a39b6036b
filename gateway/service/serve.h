/* gateway/service/serve.h - the life of the service: start, signals, drain, end. */
#ifndef GATEWAY_SERVICE_SERVE_H
#define GATEWAY_SERVICE_SERVE_H

#include "base/err.h"
#include "config/model/config.h"

/* Serves until SIGTERM or SIGINT, then drains; SIGHUP reloads `path`.  Takes the reference to `config`.  0
 * after a good end; -1 when it could not start. */
MUST_USE int serve_run(const char *path, struct config *config, struct err *err);

/* Before any secret is read: no core dumps, nobody may look into the process, the three standard streams are
 * open, and as many descriptors may be used as the system allows. */
MUST_USE int serve_harden(struct err *err);

#endif
