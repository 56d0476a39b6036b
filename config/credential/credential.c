/* Secrets come from a private file, an environment variable (environment.c), or systemd's
 * $CREDENTIALS_DIRECTORY (systemd.exec(5), LoadCredential=). */
#include "config/credential/credential.h"

#include "base/secret_file.h"
#include "config/model/config.h"
#include "config/reader/keyword.h"
#include "config/credential/environment.h"
#include "config/credential/issuer.h"

#include <stdlib.h>
#include <string.h>

struct secret_source {
    const char *file;
    const char *env;
    const char *credential;
};

static const struct keyword source_keywords[] = {
    {"file", keyword_path, offsetof(struct secret_source, file), OPTIONAL, 0, 0, NULL},
    {"env", keyword_name, offsetof(struct secret_source, env), OPTIONAL, 0, 0, NULL},
    {"credential", keyword_name, offsetof(struct secret_source, credential), OPTIONAL, 0, 0, NULL},
};

/* Where systemd has put it; NULL with `err` set. */
static const char *systemd_path(struct loader *loader, const char *name, struct err *err)
{
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    if (folder == NULL) {
        err_set(err, ERR_INPUT,
                "CREDENTIALS_DIRECTORY is not set: start it by systemd with LoadCredential=%s", name);
        return NULL;
    }
    size_t size = strlen(folder) + strlen(name) + 2;
    char *path = arena_alloc(loader->arena, size);
    if (path == NULL) {
        err_memory(err);
        return NULL;
    }
    memcpy(path, folder, strlen(folder));
    path[strlen(folder)] = '/';
    memcpy(path + strlen(folder) + 1, name, strlen(name));
    return path;
}

/* `file` gets where it can be read again; its path stays NULL where it cannot. */
static struct secret *read_source(struct loader *loader, const struct secret_source *source,
                                  struct config_secret_file *file, struct err *err)
{
    if (source->env != NULL)
        return environment_secret(loader, source->env, err);
    file->is_private = source->file != NULL; /* systemd made its folder and keeps others out */
    file->path = source->file != NULL ? source->file : systemd_path(loader, source->credential, err);
    return file->path == NULL
               ? NULL
               : secret_file_read(file->path, file->is_private ? FILE_PRIVATE : FILE_PLAIN, err);
}

static struct secret *read_one(struct loader *loader, const struct yaml_node *node, const char *what,
                               struct config_secret_file *file)
{
    struct secret_source source = {0};
    struct err err = {0};
    if (keyword_read_map(loader, node, what, source_keywords, COUNT(source_keywords), &source) != 0)
        return NULL;
    if ((source.file != NULL) + (source.env != NULL) + (source.credential != NULL) != 1) {
        report_error(loader->report, &node->mark, "%s takes exactly one of file, env and credential", what);
        return NULL;
    }
    struct secret *secret = read_source(loader, &source, file, &err);
    if (secret == NULL) {
        report_error(loader->report, &node->mark, "%s: %s", what, err.text);
    } else if (!secret_file_is_clean(secret)) {
        report_error(loader->report, &node->mark,
                     "%s is empty, or holds a blank or a character beyond ASCII's printable ones", what);
        secret_free(secret);
        return NULL;
    }
    return secret;
}

struct secret *credential_secret(struct loader *loader, const struct yaml_node *node, const char *what)
{
    struct config_secret_file file = {0}; /* it is not read again */
    return read_one(loader, node, what, &file);
}

static int read_secret(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                       void *field)
{
    struct config_credential *credential =
        (struct config_credential *)(void *)((char *)field - keyword->offset);
    struct secret *secret = read_one(loader, node, keyword->name, &credential->files[keyword->min]);
    if (secret == NULL)
        return -1;
    *(struct secret **)field = secret;
    return 0;
}

static const struct keyword credential_keywords[] = {
    {"secret_id", read_secret, offsetof(struct config_credential, id), REQUIRED, CONFIG_ID, 0, NULL},
    {"secret_key", read_secret, offsetof(struct config_credential, key), REQUIRED, CONFIG_KEY, 0, NULL},
    {"token", read_secret, offsetof(struct config_credential, token), OPTIONAL, CONFIG_TOKEN, 0, NULL},
};

int credential_read_all(struct loader *loader, const struct yaml_node *node)
{
    int result = 0;
    struct config *config = loader->config;
    if (!keyword_expect(loader, node, YAML_MAP, "credentials"))
        return -1;
    config->credentials = arena_array(loader->arena, node->count, sizeof *config->credentials);
    if (config->credentials == NULL)
        return keyword_out_of_memory(loader);
    for (const struct yaml_node *child = node->children; child != NULL; child = child->next) {
        struct config_credential *credential = &config->credentials[config->credential_count++];
        credential->name = child->key;
        credential->mark = child->key_mark;
        bool issued = issuer_is_named(child);
        if (issued ? issuer_read(loader, child, credential) != 0
                   : keyword_read_map(loader, child, "credential", credential_keywords,
                                      COUNT(credential_keywords), credential) != 0)
            result = -1;
    }
    return issuer_settle(loader, node) == 0 ? result : -1;
}
