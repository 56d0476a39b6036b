/* gateway/service/desk.h - what the admin listener says to a request, from its head to the bytes. */
#ifndef GATEWAY_SERVICE_DESK_H
#define GATEWAY_SERVICE_DESK_H

#include "gateway/http/handler.h"

enum { DESK_PAGE_MAX = 32 * 1024 * 1024 }; /* SERIES_MAX series of 300 bytes */

/* One plain answer. */
struct desk_answer {
    int status;
    const char *type;  /* media type */
    const char *allow; /* for a 405 and a 204, else NULL */
    struct buf body;
};

/* Fills `answer`, whose body is initialised and freed by the desk. */
struct desk {
    void (*answer)(void *context, const char *method, const char *path, struct desk_answer *answer);
    void *context;
};

/* Answers the visit; the connection ends with it.  `context` is a struct desk. */
void desk_serve(void *context, struct visit *visit);

#endif
