/* `audit: FILE`, or a map: where changes are recorded, and how sure we are of each record. */
#include "config/settings/audit.h"

#include "config/model/config.h"
#include "config/reader/keyword.h"
#include "config/credential/credential.h"

#include <string.h>

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
    audit->key = credential_secret(loader, seal.key, "key");
    if (audit->key == NULL)
        return -1;
    if (secret_length(audit->key) < SEAL_KEY_MIN)
        return report_error(loader->report, &seal.key->mark,
                            "the key of the seals needs %d characters or more: openssl rand -hex 32",
                            SEAL_KEY_MIN);
    return 0;
}

/* A file, or a command as a list. */
static int read_witness(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                        void *field)
{
    struct config_audit *audit = field;
    if (node->kind == YAML_LIST)
        return keyword_command(loader, node, keyword, &audit->witness_command);
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
    audit->mark = node->mark;
    if (node->kind == YAML_SCALAR)
        return keyword_path(loader, node, &alone, &audit->file);
    if (keyword_read_map(loader, node, "audit", audit_keywords, COUNT(audit_keywords), audit) != 0)
        return -1;
    return check(loader, node, audit);
}

static bool is_same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool is_same_command(const char *const *a, const char *const *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    while (*a != NULL && is_same_text(*a, *b)) {
        a++;
        b++;
    }
    return *a == NULL && *b == NULL;
}

static bool is_same(const struct config_audit *a, const struct config_audit *b)
{
    if (a->file == NULL || b->file == NULL)
        return a->file == b->file;
    bool same_key = a->key == NULL || b->key == NULL
                        ? a->key == b->key
                        : secret_equal(a->key, secret_bytes(b->key), secret_length(b->key));
    return strcmp(a->file, b->file) == 0 && a->sync == b->sync && same_key &&
           a->seal_every == b->seal_every && a->on_broken == b->on_broken &&
           is_same_text(a->witness_file, b->witness_file) &&
           is_same_command(a->witness_command, b->witness_command);
}

/* A text of the running configuration, which ends before this one; NULL stays NULL. */
static const char *copy(struct loader *loader, const char *text, bool *good)
{
    const char *own = text == NULL ? NULL : arena_strdup(loader->arena, text);
    *good = *good && (own == NULL) == (text == NULL);
    return own;
}

static const char **copy_command(struct loader *loader, const char **words, bool *good)
{
    size_t count = 0;
    if (words == NULL)
        return NULL;
    while (words[count] != NULL)
        count++;
    const char **own = arena_array(loader->arena, count + 1, sizeof *own);
    *good = *good && own != NULL;
    for (size_t i = 0; own != NULL && i < count; i++)
        own[i] = copy(loader, words[i], good);
    return own;
}

int audit_stay(struct loader *loader)
{
    bool good = true;
    const struct config_audit *running = &loader->previous->audit;
    struct config_audit *audit = &loader->config->audit;
    if (is_same(running, audit))
        return 0;
    report_find(loader->report, &(struct report_kind){.severity = REPORT_SECURITY},
                "audit stays as it was: it changes by a restart only");
    secret_free(audit->key);
    const struct mark mark = audit->mark;
    *audit = *running;
    audit->mark = mark;
    audit->key =
        running->key == NULL ? NULL : secret_new(secret_bytes(running->key), secret_length(running->key));
    audit->file = copy(loader, running->file, &good);
    audit->witness_file = copy(loader, running->witness_file, &good);
    audit->witness_command = copy_command(loader, running->witness_command, &good);
    return good && (audit->key == NULL) == (running->key == NULL) ? 0 : keyword_out_of_memory(loader);
}
