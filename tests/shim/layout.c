/* Preloaded: CivetWeb as it could become, with the HTTP version of a request outside the buffer that it
 * parsed. */
#include <dlfcn.h>
#include <string.h>

/* The beginning of its public struct; what follows is not touched. */
struct mg_request_info {
    const char *request_method, *request_uri, *local_uri_raw, *local_uri, *http_version;
};

const struct mg_request_info *mg_get_request_info(const void *connection);

const struct mg_request_info *mg_get_request_info(const void *connection)
{
    static _Thread_local char version[16];
    struct mg_request_info *(*real)(const void *) = NULL;
    *(void **)&real = dlsym(RTLD_NEXT, "mg_get_request_info");
    struct mg_request_info *info = real(connection);
    if (info != NULL && info->http_version != NULL && info->http_version != version) {
        (void)strncpy(version, info->http_version, sizeof version - 1);
        info->http_version = version;
    }
    return info;
}
