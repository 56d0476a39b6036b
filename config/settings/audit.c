/* `audit: FILE`, or a map: where changes are recorded, and how sure we are of each record. */
#include "config/settings/audit.h"

#include "config/model/config.h"
#include "config/reader/keyword.h"
#include "config/settings/credential.h"

enum {
    SEAL_DEFAULT = 60000, /* ms: what is not sealed can be cut off unseen, so not for long */
    SEAL_KEY_MIN = 32,    /* characters: 128 bits as hex */
};

struct seal {
    const struct yaml_node *key;
    long long every;
};

#define AUDIT(field) offsetof(struct config_audit, field)
static int read_seal(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                     void *field)
{
    static const struct keyword keywords[] = {
        {"key", keyword_node, offsetof(struct seal, key), REQUIRED, 0, 0, NULL},
        {"every", keyword_duration, offsetof(struct seal, every), OPTIONAL, 1000, 86400000, NULL},
    };
    struct seal seal = {.every = SEAL_DEFAULT};
    struct config_audit *audit = field;
    if (keyword_read_map(loader, node, keyword->name, keywords, COUNT(keywords), &seal) != 0)
        return -1;
    audit->seal_every = seal.every;
    audit->key = credential_secret(loader, seal.key, "key", &audit->key_env);
    if (audit->key == NULL)
        return -1;
    if (secret_length(audit->key) < SEAL_KEY_MIN)
        return report_error(loader->report, &seal.key->mark,
                            "the key of the seals needs %d characters or more: openssl rand -hex 32",
                            SEAL_KEY_MIN);
    return 0;
}

static const struct keyword audit_keywords[] = {
    {"file", keyword_path, AUDIT(file), REQUIRED, 0, 0, NULL},
    {"sync", keyword_bool, AUDIT(sync), OPTIONAL, 0, 0, NULL},
    {"seal", read_seal, 0, OPTIONAL, 0, 0, NULL},
};

int audit_read(struct loader *loader, const struct yaml_node *node)
{
    static const struct keyword alone = {"audit", keyword_path, 0, OPTIONAL, 0, 0, NULL};
    struct config_audit *audit = &loader->config->audit;
    if (node->kind == YAML_SCALAR)
        return keyword_path(loader, node, &alone, &audit->file);
    return keyword_read_map(loader, node, "audit", audit_keywords, COUNT(audit_keywords), audit);
}
