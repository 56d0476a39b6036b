/* Secrets come from a private file, an environment variable that is wiped once read, or systemd's
 * $CREDENTIALS_DIRECTORY (systemd.exec(5), LoadCredential=). */
#include "config/settings/credential.h"

#include "base/file.h"
#include "base/text.h"
#include "config/model/config.h"
#include "config/reader/keyword.h"

#include <openssl/crypto.h>
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

static struct secret *from_file(const char *path, enum file_care care, struct err *err)
{
    struct buf bytes;
    struct secret *secret = NULL;
    buf_init(&bytes, SECRET_MAX);
    if (file_read(path, care, &bytes, err) == 0) {
        size_t length = bytes.length; /* editors end files with a line feed */
        while (length > 0 && (bytes.bytes[length - 1] == '\n' || bytes.bytes[length - 1] == '\r'))
            length--;
        secret = secret_new(buf_text(&bytes), length);
        if (secret == NULL)
            err_memory(err);
    }
    buf_done(&bytes);
    return secret;
}

/* An environment variable can be read once.  Another credential of this file, or the configuration in force,
 * may have done it. */
static struct secret *read_before(struct loader *loader, const char *name)
{
    const struct config *const sources[] = {loader->config, loader->previous};
    for (size_t i = 0; i < COUNT(sources); i++)
        for (size_t j = 0; sources[i] != NULL && j < sources[i]->credential_count; j++) {
            const struct config_credential *credential = &sources[i]->credentials[j];
            const struct secret *const secrets[] = {credential->id, credential->key, credential->token};
            for (size_t k = 0; k < COUNT(secrets); k++)
                if (secrets[k] != NULL && credential->env[k] != NULL && strcmp(credential->env[k], name) == 0)
                    return secret_new(secret_bytes(secrets[k]), secret_length(secrets[k]));
        }
    for (size_t i = 0; i < COUNT(sources); i++) {
        const struct config_audit *audit = sources[i] == NULL ? NULL : &sources[i]->audit;
        if (audit != NULL && audit->key != NULL && audit->key_env != NULL &&
            strcmp(audit->key_env, name) == 0)
            return secret_new(secret_bytes(audit->key), secret_length(audit->key));
    }
    return NULL;
}

/* The bytes that /proc/PID/environ shows are the ones that getenv() points into. */
static struct secret *from_environment(struct loader *loader, const char *name, struct err *err)
{
    char *value = getenv(name);
    struct secret *known = value == NULL ? read_before(loader, name) : NULL;
    if (known != NULL)
        return known;
    if (value == NULL) {
        err_set(err, ERR_INPUT, "the environment variable '%s' is not set", name);
        return NULL;
    }
    struct secret *secret = secret_new(value, strlen(value));
    if (secret == NULL)
        err_set(err, ERR_LIMIT, "the environment variable '%s' is longer than %d bytes", name, SECRET_MAX);
    OPENSSL_cleanse(value, strlen(value));
    (void)unsetenv(name); /* fails for an empty name or one with '=' only: getenv() found it */
    return secret;
}

static struct secret *from_systemd(struct loader *loader, const char *name, struct err *err)
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
    return from_file(path, FILE_PLAIN, err); /* systemd made the folder and keeps others out */
}

static bool is_clean(const struct secret *secret)
{
    for (size_t i = 0; i < secret_length(secret); i++)
        if ((unsigned char)secret_bytes(secret)[i] <= 0x20 || (unsigned char)secret_bytes(secret)[i] >= 0x7F)
            return false;
    return secret_length(secret) > 0;
}

/* Which of the credential's three secrets is it? */
static void note_environment(const struct keyword *keyword, void *field, const char *env)
{
    struct config_credential *credential =
        (struct config_credential *)(void *)((char *)field - keyword->offset);
    struct secret *const *const fields[] = {&credential->id, &credential->key, &credential->token};
    for (size_t i = 0; i < COUNT(fields); i++)
        if (fields[i] == field)
            credential->env[i] = env;
}

struct secret *credential_secret(struct loader *loader, const struct yaml_node *node, const char *what,
                                 const char **env)
{
    struct secret_source source = {0};
    struct err err = {0};
    if (keyword_read_map(loader, node, what, source_keywords, COUNT(source_keywords), &source) != 0)
        return NULL;
    if ((source.file != NULL) + (source.env != NULL) + (source.credential != NULL) != 1) {
        report_error(loader->report, &node->mark, "%s takes exactly one of file, env and credential", what);
        return NULL;
    }
    struct secret *secret = source.file != NULL  ? from_file(source.file, FILE_PRIVATE, &err)
                            : source.env != NULL ? from_environment(loader, source.env, &err)
                                                 : from_systemd(loader, source.credential, &err);
    *env = source.env;
    if (secret == NULL) {
        report_error(loader->report, &node->mark, "%s: %s", what, err.text);
    } else if (!is_clean(secret)) {
        report_error(loader->report, &node->mark,
                     "%s is empty, or holds a blank or a character beyond ASCII's printable ones", what);
        secret_free(secret);
        return NULL;
    }
    return secret;
}

static int read_secret(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                       void *field)
{
    const char *env = NULL;
    struct secret *secret = credential_secret(loader, node, keyword->name, &env);
    if (secret == NULL)
        return -1;
    *(struct secret **)field = secret;
    note_environment(keyword, field, env);
    return 0;
}

static const struct keyword credential_keywords[] = {
    {"secret_id", read_secret, offsetof(struct config_credential, id), REQUIRED, 0, 0, NULL},
    {"secret_key", read_secret, offsetof(struct config_credential, key), REQUIRED, 0, 0, NULL},
    {"token", read_secret, offsetof(struct config_credential, token), OPTIONAL, 0, 0, NULL},
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
        if (keyword_read_map(loader, child, "credential", credential_keywords, COUNT(credential_keywords),
                             credential) != 0)
            result = -1;
    }
    return result;
}
