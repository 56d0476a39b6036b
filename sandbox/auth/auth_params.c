#include "sandbox/auth/auth_params.h"

#include <stdlib.h>
#include <string.h>

#define ALGORITHM "TC3-HMAC-SHA256"

/* Where each is said: among the parameters, or, with TC3, in a field. */
static const struct {
    const char *param;
    const char *field; /* NULL: TC3 says it in the Authorization, or not at all */
    size_t offset;
} places[] = {
    {"Action", "X-TC-Action", offsetof(struct auth_params, action)},
    {"Version", "X-TC-Version", offsetof(struct auth_params, version)},
    {"Region", "X-TC-Region", offsetof(struct auth_params, region)},
    {"Timestamp", "X-TC-Timestamp", offsetof(struct auth_params, timestamp)},
    {"Token", "X-TC-Token", offsetof(struct auth_params, token)},
    {"Nonce", NULL, offsetof(struct auth_params, nonce)},
    {"SecretId", NULL, offsetof(struct auth_params, secret_id)},
    {"Signature", NULL, offsetof(struct auth_params, signature)},
    {"SignatureMethod", NULL, offsetof(struct auth_params, signature_method)},
};

bool auth_params_is_common(const char *name)
{
    static const char *const others[] = {"Language", "RequestClient"};
    for (size_t i = 0; i < COUNT(places); i++)
        if (strcmp(places[i].param, name) == 0)
            return true;
    for (size_t i = 0; i < COUNT(others); i++)
        if (strcmp(others[i], name) == 0)
            return true;
    return false;
}

enum auth_params_scheme auth_params_scheme(const struct http_request *request)
{
    if (strcmp(request->path, "/") != 0)
        return AUTH_PARAMS_API2;
    const char *authorization = http_request_field(request, "Authorization");
    if (authorization == NULL)
        return AUTH_PARAMS_QUERY;
    return strcmp(authorization, "SKIP") == 0 ? AUTH_PARAMS_SKIP : AUTH_PARAMS_TC3;
}

/* AKID.../2019-02-25/cvm/tc3_request */
static bool read_credential(struct auth_params *claim, char *text)
{
    char *rest = text;
    claim->secret_id = strsep(&rest, "/");
    claim->date = strsep(&rest, "/");
    claim->service = strsep(&rest, "/");
    return rest != NULL && strcmp(rest, "tc3_request") == 0 && claim->secret_id[0] != '\0' &&
           claim->date[0] != '\0' && claim->service[0] != '\0';
}

static bool read_part(struct auth_params *claim, char *part)
{
    part += strspn(part, " ");
    char *value = strchr(part, '=');
    if (value == NULL)
        return false;
    *value++ = '\0';
    if (strcmp(part, "Credential") == 0)
        return claim->secret_id == NULL && read_credential(claim, value);
    const char **place = strcmp(part, "SignedHeaders") == 0 ? &claim->signed_headers
                         : strcmp(part, "Signature") == 0   ? &claim->signature
                                                            : NULL;
    if (place == NULL || *place != NULL || value[0] == '\0')
        return false;
    *place = value;
    return true;
}

/* TC3-HMAC-SHA256 Credential=..., SignedHeaders=..., Signature=...; each once, in any order. */
static bool read_authorization(struct auth_params *claim, char *text)
{
    char *rest = text;
    if (strcmp(strsep(&rest, " "), ALGORITHM) != 0 || rest == NULL)
        return false;
    while (rest != NULL)
        if (!read_part(claim, strsep(&rest, ",")))
            return false;
    return claim->secret_id != NULL && claim->signed_headers != NULL && claim->signature != NULL;
}

int auth_params_read(struct auth_params *claim, const struct http_request *request,
                     const struct params *params)
{
    *claim = (struct auth_params){.scheme = auth_params_scheme(request)};
    bool tc3 = claim->scheme == AUTH_PARAMS_TC3;
    bool fields = tc3 || claim->scheme == AUTH_PARAMS_SKIP;
    for (size_t i = 0; i < COUNT(places); i++) {
        const char **place = (const char **)((char *)claim + places[i].offset);
        if (!fields)
            *place = params_get(params, places[i].param);
        else if (places[i].field != NULL)
            *place = http_request_field(request, places[i].field);
    }
    if (!tc3)
        return 0;
    claim->copy = strdup(http_request_field(request, "Authorization"));
    if (claim->copy == NULL)
        return -1;
    claim->malformed = !read_authorization(claim, claim->copy);
    return 0;
}

void auth_params_done(struct auth_params *claim)
{
    free(claim->copy);
    *claim = (struct auth_params){0};
}
