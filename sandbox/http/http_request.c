#include "sandbox/http/http_request.h"

#include <strings.h>

void http_request_init(struct http_request *request)
{
    *request = (struct http_request){.method = "", .path = "", .query = "", .host = "", .content_type = ""};
    buf_init(&request->head, HTTP_HEAD_MAX);
    buf_init(&request->body, HTTP_BODY_MAX);
}

void http_request_done(struct http_request *request)
{
    buf_done(&request->head);
    buf_done(&request->body);
}

const char *http_request_field(const struct http_request *request, const char *name)
{
    for (size_t i = 0; i < request->field_count; i++)
        if (strcasecmp(request->fields[i].name, name) == 0)
            return request->fields[i].value;
    return NULL;
}
