#include "auth/sign/signed_request.h"

/* Each part, one after the other; NULL behind the last. */
static struct buf *part(struct signed_request *request, size_t i)
{
    struct buf *const parts[] = {&request->canonical, &request->string, &request->target, &request->fields,
                                 &request->body};
    return i < COUNT(parts) ? parts[i] : NULL;
}

void signed_request_init(struct signed_request *request)
{
    memset(request, 0, sizeof *request);
    for (size_t i = 0; part(request, i) != NULL; i++)
        buf_init(part(request, i), part(request, i) == &request->body ? SIGN_BODY_MAX : SIGN_STRING_MAX);
}

void signed_request_reset(struct signed_request *request)
{
    for (size_t i = 0; part(request, i) != NULL; i++)
        buf_reset(part(request, i));
}

bool signed_request_failed(struct signed_request *request)
{
    for (size_t i = 0; part(request, i) != NULL; i++)
        if (part(request, i)->failed)
            return true;
    return false;
}

void signed_request_rest(struct signed_request *request, size_t kept)
{
    for (size_t i = 0; part(request, i) != NULL; i++)
        buf_rest(part(request, i), kept);
}

void signed_request_done(struct signed_request *request)
{
    for (size_t i = 0; part(request, i) != NULL; i++)
        buf_done(part(request, i));
    memset(request, 0, sizeof *request);
}
