/* Secrets of the environment: each is there once, and the bytes that /proc/PID/environ shows are wiped.  So
 * every configuration keeps what it and those before it have read. */
#include "config/credential/environment.h"

#include "base/secret_file.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

static const struct config_kept *find(const struct config *config, const char *name)
{
    const struct config_kept *kept = config == NULL ? NULL : config->kept;
    while (kept != NULL && strcmp(kept->name, name) != 0)
        kept = kept->next;
    return kept;
}

static int keep(struct loader *loader, const char *name, const char *bytes, size_t length)
{
    struct config_kept *kept = arena_alloc(loader->arena, sizeof *kept);
    if (kept == NULL || (kept->secret = secret_new(bytes, length)) == NULL)
        return -1;
    kept->name = arena_strdup(loader->arena, name);
    kept->next = loader->config->kept;
    loader->config->kept = kept; /* also without a name: it owns the secret */
    if (kept->name != NULL)
        return 0;
    kept->name = "";
    return -1;
}

struct secret *environment_secret(struct loader *loader, const char *name, struct err *err)
{
    const char *value = getenv(name);
    const struct config_kept *kept = find(loader->config, name);
    if (kept == NULL && value != NULL) {
        size_t length = secret_file_length(value, strlen(value));
        if (length > SECRET_MAX) {
            err_set(err, ERR_LIMIT, "the environment variable '%s' is longer than %d bytes", name,
                    SECRET_MAX);
            return NULL;
        }
        if (keep(loader, name, value, length) == 0)
            kept = loader->config->kept;
    } else if (kept == NULL) {
        kept = find(loader->previous, name);
    }
    if (kept == NULL && value == NULL) {
        err_set(err, ERR_INPUT, "the environment variable '%s' is not set", name);
        return NULL;
    }
    struct secret *secret =
        kept == NULL ? NULL : secret_new(secret_bytes(kept->secret), secret_length(kept->secret));
    if (secret == NULL)
        err_memory(err);
    return secret;
}

int environment_keep(struct loader *loader)
{
    const struct config_kept *kept = loader->previous == NULL ? NULL : loader->previous->kept;
    for (; kept != NULL; kept = kept->next)
        if (find(loader->config, kept->name) == NULL &&
            keep(loader, kept->name, secret_bytes(kept->secret), secret_length(kept->secret)) != 0)
            return keyword_out_of_memory(loader);
    return 0;
}

void environment_wipe(const struct config *config)
{
    for (const struct config_kept *kept = config->kept; kept != NULL; kept = kept->next) {
        char *value = getenv(kept->name);
        if (value == NULL)
            continue;
        OPENSSL_cleanse(value, strlen(value));
        (void)unsetenv(kept->name); /* fails for an empty name or one with '=' only: getenv() found it */
    }
}
