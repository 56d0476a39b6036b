/* `audit: FILE`, or a map: where changes are recorded, and how sure we are of each record. */
#include "config/settings/audit.h"

#include "config/model/config.h"
#include "config/reader/keyword.h"
#include "config/settings/credential.h"

#include <string.h>

enum {
    SEAL_DEFAULT = 60000, /* ms: what is not sealed can be cut off unseen, so not for long */
    SEAL_KEY_MIN = 32,    /* characters: 128 bits as hex */
    COMMAND_WORDS = 64,   /* of a witness: a path and its arguments; a script takes more */
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

/* Run without a shell, so it is a list; found without a search path, so it is absolute. */
static int read_command(struct loader *loader, const struct yaml_node *node, struct config_audit *audit)
{
    static const struct keyword word = {"witness", keyword_text, 0, OPTIONAL, 0, 0, NULL};
    size_t count = 0;
    if (node->count == 0 || node->count > COMMAND_WORDS)
        return report_error(loader->report, &node->mark, "witness must be a command of 1 to %d words",
                            COMMAND_WORDS);
    const char **words = arena_array(loader->arena, node->count + 1, sizeof *words);
    if (words == NULL)
        return keyword_out_of_memory(loader);
    for (const struct yaml_node *child = node->children; child != NULL; child = child->next)
        if (keyword_text(loader, child, &word, &words[count++]) != 0)
            return -1;
    if (words[0][0] != '/')
        return report_error(loader->report, &node->children->mark,
                            "witness must begin with the absolute path of a program");
    audit->witness_command = words;
    return 0;
}

/* A file, or a command as a list. */
static int read_witness(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                        void *field)
{
    struct config_audit *audit = field;
    if (node->kind == YAML_LIST)
        return read_command(loader, node, audit);
    return keyword_path(loader, node, keyword, &audit->witness_file);
}

static const char *const broken_words[] = {"refuse", "continue", NULL};

static const struct keyword audit_keywords[] = {
    {"file", keyword_path, AUDIT(file), REQUIRED, 0, 0, NULL},
    {"sync", keyword_bool, AUDIT(sync), OPTIONAL, 0, 0, NULL},
    {"seal", read_seal, 0, OPTIONAL, 0, 0, NULL},
    {"on_broken", keyword_choice, AUDIT(on_broken), OPTIONAL, 0, 0, broken_words},
    {"witness", read_witness, 0, OPTIONAL, 0, 0, NULL},
};

/* What only seals can do is not promised without them. */
static int check(struct loader *loader, const struct yaml_node *node, const struct config_audit *audit)
{
    bool witness = audit->witness_file != NULL || audit->witness_command != NULL;
    if (audit->key == NULL && witness)
        return report_error(loader->report, &node->mark, "witness gets the seals, so it needs 'seal'");
    if (audit->key == NULL && audit->on_broken != CONFIG_REFUSE)
        return report_error(loader->report, &node->mark, "on_broken is about seals, so it needs 'seal'");
    if (audit->witness_file != NULL && strcmp(audit->witness_file, audit->file) == 0)
        return report_error(loader->report, &node->mark, "witness must be another file than the audit file");
    return 0;
}

int audit_read(struct loader *loader, const struct yaml_node *node)
{
    static const struct keyword alone = {"audit", keyword_path, 0, OPTIONAL, 0, 0, NULL};
    struct config_audit *audit = &loader->config->audit;
    if (node->kind == YAML_SCALAR)
        return keyword_path(loader, node, &alone, &audit->file);
    if (keyword_read_map(loader, node, "audit", audit_keywords, COUNT(audit_keywords), audit) != 0)
        return -1;
    return check(loader, node, audit);
}
