/* gateway/server/front.h - the front door: listeners and workers.  The only file that has met CivetWeb is
 * front.c.
 */
#ifndef GATEWAY_SERVER_FRONT_H
#define GATEWAY_SERVER_FRONT_H

#include "base/base.h"
#include "base/err.h"
#include "gateway/exchange/gateway.h"
#include "gateway/server/guard.h"

enum {
    FRONT_ADMIN_WORKERS = 8, /* half of them for probes that overlap, whoever waits for a reload (reload.h) */
    FRONT_ANSWER_MAX = 2 * 1024 * 1024,
    FRONT_PAGE_MAX = 32 * 1024 * 1024, /* of the admin listener: SERIES_MAX series of 300 bytes */
};

struct front;

/* One plain answer of the admin listener. */
struct front_admin_answer {
    int status;
    const char *type;  /* media type */
    const char *allow; /* for a 405, else NULL */
    struct buf body;
};

/* Fills `answer`, whose body is initialised and freed by the door. */
typedef void front_admin_handler(void *context, const char *method, const char *path,
                                 struct front_admin_answer *answer);

/* Listens on `address` (IPv4:port, port 0 takes a free one) and walks every request.  All signals should be
 * blocked before: the workers inherit the mask.  Connections live from request to request only when
 * `verified` says that front_verify() has found the library's layout. */
MUST_USE struct front *front_open(struct gateway *gateway, const struct config *config, bool verified,
                                  struct err *err);
MUST_USE struct front *front_open_admin(front_admin_handler *handler, void *context, const char *address,
                                        struct err *err);

/* Asks the open admin listener, over its socket, what gateway/http/framing.h relies on: whatever is framed
 * well is answered, and whatever two readers could read differently is refused.  False: the HTTP library lays
 * requests out differently; the listener goes on without what it cannot check. */
bool front_verify(struct front *front);

/* Every thread is there. */
bool front_is_ready(const struct front *front);

int front_port(const struct front *front);

/* Open connections, and what became of others. */
void front_count(struct front *front, struct guard_counts *counts);

/* Takes no new connection from now on, and ends those that are idle; the others are served on. */
void front_stop_listening(struct front *front);

/* Ends the workers: a response that is being written is lost, so be idle before. */
void front_close(struct front *front);

#endif
