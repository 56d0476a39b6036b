#include "auth/certificate.h"

#include <string.h>

const struct config_client_certificate *certificate_find(const struct config *config, const char *names,
                                                         size_t length)
{
    const struct config_client_certificate *found = NULL;
    for (const char *name = names; name < names + length; name += strlen(name) + 1) {
        const struct config_client_certificate *one = config_certificate(config, name);
        if (one == NULL)
            continue;
        if (found != NULL && found->client != one->client)
            return NULL;
        if (found == NULL)
            found = one;
    }
    return found;
}
