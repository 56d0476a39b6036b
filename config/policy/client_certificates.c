#include "config/policy/client_certificates.h"

#include "config/model/certificate_key.h"

#include <string.h>

/* As it is written: one of both. */
struct names {
    const char *id;
    const struct yaml_node *sha256;
    const struct yaml_node *san;
};

#define NAMES(field) offsetof(struct names, field)
static const struct keyword certificate_keywords[] = {
    {"id", keyword_name, NAMES(id), REQUIRED, 0, 0, NULL},
    {"sha256", keyword_node, NAMES(sha256), OPTIONAL, 0, 0, NULL},
    {"san", keyword_node, NAMES(san), OPTIONAL, 0, 0, NULL},
};

static int find_key(struct loader *loader, const struct yaml_node *node, const struct names *names,
                    struct buf *key)
{
    const struct yaml_node *name = names->sha256 != NULL ? names->sha256 : names->san;
    if ((names->sha256 != NULL) == (names->san != NULL))
        return report_error(loader->report, &node->mark,
                            "certificate '%s' takes exactly one of sha256 and san", names->id);
    if (keyword_expect_text(loader, name, name->key) != 0)
        return -1;
    const char *bytes = name->text;
    enum certificate_key kind =
        names->sha256 != NULL ? CERTIFICATE_KEY_SHA256 : certificate_key_kind(name->text, &bytes);
    if (certificate_key_put(key, kind, bytes, strlen(bytes)))
        return key->failed ? keyword_out_of_memory(loader) : 0;
    if (kind == CERTIFICATE_KEY_SHA256)
        return report_error(
            loader->report, &name->mark,
            "sha256 must be 64 hex digits: what `openssl x509 -noout -fingerprint -sha256` prints");
    return report_error(loader->report, &name->mark,
                        strchr(bytes, '*') != NULL
                            ? "san names one certificate's holder: there are no patterns"
                            : "san must be a DNS name, an address, a URI or an e-mail address");
}

static int add(struct loader *loader, const struct yaml_node *node, const struct names *names,
               const char *key, struct config_client *client)
{
    struct config *config = loader->config;
    const struct config_client_certificate *other = config_certificate(config, key);
    if (other != NULL)
        return report_error(loader->report, &node->mark, "the same certificate is on line %u already",
                            other->mark.line);
    struct config_client_certificate *added = arena_alloc(loader->arena, sizeof *added);
    if (added == NULL)
        return keyword_out_of_memory(loader);
    *added = (struct config_client_certificate){
        .key = arena_strdup(loader->arena, key), .id = names->id, .client = client, .mark = node->mark};
    if (added->key == NULL)
        return keyword_out_of_memory(loader);
    HASH_ADD_KEYPTR(hh, config->certificates, added->key, strlen(added->key), added);
    if (added->hh.tbl == NULL)
        return keyword_out_of_memory(loader);
    client->certificate_count++;
    return 0;
}

static int read_one(struct loader *loader, const struct yaml_node *node, struct config_client *client)
{
    struct names names = {0};
    struct buf key;
    if (keyword_read_map(loader, node, "certificate", certificate_keywords, COUNT(certificate_keywords),
                         &names) != 0)
        return -1;
    buf_init(&key, CERTIFICATE_KEY_MAX + sizeof "sha256:");
    int result = find_key(loader, node, &names, &key);
    if (result == 0)
        result = add(loader, node, &names, buf_text(&key), client);
    buf_done(&key);
    return result;
}

int client_certificates_read(struct loader *loader, const struct yaml_node *node,
                             const struct keyword *keyword, void *field)
{
    int result = 0;
    if (!keyword_expect(loader, node, YAML_LIST, keyword->name))
        return -1;
    for (const struct yaml_node *child = node->children; child != NULL; child = child->next)
        if (read_one(loader, child, field) != 0)
            result = -1;
    return result;
}

int client_certificates_require(struct loader *loader, const struct yaml_node *node,
                                const struct keyword *keyword, void *field)
{
    static const char *const names[] = {"token", "certificate", NULL};
    const struct keyword proof = {keyword->name, keyword_choice, 0, REQUIRED, 0, 0, names};
    struct config_client *client = field;
    if (keyword_expect_items(loader, node, keyword->name) != 0)
        return -1;
    for (const struct yaml_node *child = node->children; child != NULL; child = child->next) {
        int which = 0;
        if (keyword_choice(loader, child, &proof, &which) != 0)
            return -1;
        client->requires |= 1U << which;
    }
    return 0;
}

int client_certificates_check(struct loader *loader, const struct config_client *client)
{
    bool lacks_token = (client->requires & CONFIG_PROOF_TOKEN) != 0 && client->token_count == 0;
    bool lacks_certificate =
        (client->requires & CONFIG_PROOF_CERTIFICATE) != 0 && client->certificate_count == 0;
    if (!lacks_token && !lacks_certificate)
        return 0;
    return report_error(loader->report, &client->mark, "client '%s' requires a %s and has none", client->name,
                        lacks_token ? "token" : "certificate");
}
