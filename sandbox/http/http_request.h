/* sandbox/http/http_request.h - an HTTP request as it was read. */
#ifndef SANDBOX_HTTP_HTTP_REQUEST_H
#define SANDBOX_HTTP_HTTP_REQUEST_H

#include "base/base.h"
#include "base/buf.h"

enum {
    HTTP_HEAD_MAX = 64 * 1024,
    HTTP_BODY_MAX = 10 * 1024 * 1024, /* as the vendor has it, with TC3 */
    HTTP_FIELDS_MAX = 100,            /* of one head; the official clients send some ten */
};

struct http_field {
    const char *name;  /* as received */
    const char *value; /* without the blanks around it */
};

struct http_request {
    struct buf head; /* the texts below point into it */
    const char *method;
    const char *path;  /* before the '?', as received */
    const char *query; /* after it; "" when there is none */
    const char *host;
    const char *content_type;                  /* "" when there is none */
    struct http_field fields[HTTP_FIELDS_MAX]; /* all of them; no name is there twice */
    size_t field_count;
    struct buf body;
    size_t content_length;
    bool has_length;
    bool keep_alive;
    bool expects_continue;
};

enum { HTTP_END = -1, HTTP_READ = 0 }; /* else: the status to refuse with */

void http_request_init(struct http_request *request);
void http_request_done(struct http_request *request);
/* The value of a field, its name in any case; NULL when it is absent. */
const char *http_request_field(const struct http_request *request, const char *name);

#endif
