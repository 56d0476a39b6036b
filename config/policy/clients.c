/* policy.yaml, `clients` and `operators`: who may call, by which tokens, how much; and who may operate. */
#include "config/policy/clients.h"

#include "base/text.h"
#include "config/model/config.h"
#include "config/policy/client_certificates.h"
#include "config/reader/keyword.h"

#include <string.h>

static int read_digest(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                       void *field)
{
    unsigned char digest[CONFIG_DIGEST_SIZE];
    if (!keyword_expect(loader, node, YAML_SCALAR, keyword->name))
        return -1;
    if (!text_unhex(node->text, digest,
                    sizeof digest)) /* somebody may have put the token itself: not shown */
        return report_error(loader->report, &node->mark,
                            "sha256 must be 64 hex digits: what `countersign token hash` prints");
    memcpy(field, digest, sizeof digest);
    return 0;
}

#define TOKEN(field) offsetof(struct config_token, field)
static const struct keyword token_keywords[] = {
    {"id", keyword_name, TOKEN(id), REQUIRED, 0, 0, NULL},
    {"sha256", read_digest, TOKEN(digest), REQUIRED, 0, 0, NULL},
    {"not_before", keyword_time, TOKEN(not_before), OPTIONAL, 0, 0, NULL},
    {"expires", keyword_time, TOKEN(expires), OPTIONAL, 0, 0, NULL},
    {"disabled", keyword_bool, TOKEN(disabled), OPTIONAL, 0, 0, NULL},
};

/* Nobody's token may be anybody else's: one token says who it is, and what it is for. */
static int add_token(struct loader *loader, struct token_index *tokens, const struct config_token *token)
{
    const struct config_token *other = token_index_find(&loader->config->tokens, token->digest);
    if (other == NULL)
        other = token_index_find(tokens, token->digest);
    if (other != NULL)
        return report_error(loader->report, &token->mark, "the same token is on line %u already",
                            other->mark.line);
    token_index_add(tokens, token);
    return 0;
}

static int read_token(struct loader *loader, const struct yaml_node *node, struct token_index *tokens,
                      const struct config_token *whose)
{
    struct config_token token = *whose;
    token.mark = node->mark;
    token.expires = CONFIG_NEVER;
    if (keyword_read_map(loader, node, "token", token_keywords, COUNT(token_keywords), &token) != 0)
        return -1;
    if (token.not_before >= token.expires)
        return report_error(loader->report, &node->mark, "the token expires before its not_before");
    return add_token(loader, tokens, &token);
}

static int read_list(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                     struct token_index *tokens, const struct config_token *whose)
{
    int result = 0;
    if (!keyword_expect(loader, node, YAML_LIST, keyword->name))
        return -1;
    for (const struct yaml_node *child = node->children; child != NULL; child = child->next)
        if (read_token(loader, child, tokens, whose) != 0)
            result = -1;
    return result;
}

static int read_tokens(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                       void *field)
{
    struct config_client *client = field; /* offset 0: the client itself */
    struct token_index *tokens = &loader->config->tokens;
    size_t before = tokens->count;
    int result = read_list(loader, node, keyword, tokens, &(struct config_token){.client = client});
    client->token_count = tokens->count - before;
    return result;
}

/* Of a policy alone nobody knows which there are. */
static int read_account(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                        void *field)
{
    const char *name = NULL;
    if (keyword_name(loader, node, keyword, &name) != 0)
        return -1;
    if (!loader->config->policy_alone && config_account(loader->config, name) == NULL)
        return report_error(loader->report, &node->mark, "there is no account '%.64s'", name);
    *(const char **)field = name;
    return 0;
}

static const char *const subject_names[] = {"told", "required", "trusted", NULL};

#define CLIENT(field) offsetof(struct config_client, field)
static const struct keyword client_keywords[] = {
    {"tokens", read_tokens, 0, OPTIONAL, 0, 0, NULL},
    {"certificates", client_certificates_read, 0, OPTIONAL, 0, 0, NULL},
    {"require", client_certificates_require, 0, OPTIONAL, 0, 0, NULL},
    {"rate", keyword_rate, CLIENT(rate), OPTIONAL, 0, 0, NULL},
    {"in_flight", keyword_number, CLIENT(in_flight), OPTIONAL, 1, 10000, NULL},
    {"account", read_account, CLIENT(account), OPTIONAL, 0, 0, NULL},
    {"require_idempotency_key", keyword_bool, CLIENT(requires_key), OPTIONAL, 0, 0, NULL},
    {"subject", keyword_choice, CLIENT(subject), OPTIONAL, 0, 0, subject_names},
    {"owner", keyword_text, CLIENT(owner), OPTIONAL, 0, 0, NULL},
    {"note", keyword_text, CLIENT(note), OPTIONAL, 0, 0, NULL},
};

static int read_client(struct loader *loader, const struct yaml_node *node)
{
    struct config *config = loader->config;
    struct config_client *client = arena_alloc(loader->arena, sizeof *client);
    if (client == NULL)
        return keyword_out_of_memory(loader);
    client->name = arena_strdup(loader->arena, node->key);
    if (client->name == NULL)
        return keyword_out_of_memory(loader);
    client->mark = node->key_mark;
    client->index = HASH_COUNT(config->clients);
    if (!text_is_name(client->name))
        return report_error(loader->report, &node->key_mark,
                            "a client's name must be 1 to 64 letters, digits, '-', '_' or '.'");
    HASH_ADD_KEYPTR(hh, config->clients, client->name, strlen(client->name), client);
    if (client->hh.tbl == NULL)
        return keyword_out_of_memory(loader);
    if (keyword_read_map(loader, node, "client", client_keywords, COUNT(client_keywords), client) != 0)
        return -1;
    if (yaml_get(node, "tokens") == NULL && yaml_get(node, "certificates") == NULL)
        return report_error(loader->report, &node->mark, "client lacks the key 'tokens', or 'certificates'");
    return client_certificates_check(loader, client);
}

static size_t count_tokens(const struct yaml_node *clients)
{
    size_t count = 0;
    for (const struct yaml_node *child = clients->children; child != NULL; child = child->next) {
        const struct yaml_node *tokens = yaml_get(child, "tokens");
        count += tokens == NULL ? 0 : tokens->count;
    }
    return count;
}

/* ---- operators ---- */

static int read_operator_tokens(struct loader *loader, const struct yaml_node *node,
                                const struct keyword *keyword, void *field)
{
    const struct config_token whose = {.operated = field}; /* offset 0: the operator */
    return read_list(loader, node, keyword, &loader->config->operator_tokens, &whose);
}

static const char *const role_names[] = {"viewer", "operator", NULL};

#define OPERATOR(field) offsetof(struct config_operator, field)
static const struct keyword operator_keywords[] = {
    {"tokens", read_operator_tokens, 0, REQUIRED, 0, 0, NULL},
    {"role", keyword_choice, OPERATOR(role), REQUIRED, 0, 0, role_names},
};

static int read_operator(struct loader *loader, const struct yaml_node *node, struct config_operator *who)
{
    who->name = arena_strdup(loader->arena, node->key);
    if (who->name == NULL)
        return keyword_out_of_memory(loader);
    who->mark = node->key_mark;
    if (!text_is_name(who->name))
        return report_error(loader->report, &node->key_mark,
                            "an operator's name must be 1 to 64 letters, digits, '-', '_' or '.'");
    return keyword_read_map(loader, node, "operator", operator_keywords, COUNT(operator_keywords), who);
}

int clients_read_operators(struct loader *loader, const struct yaml_node *node)
{
    struct config *config = loader->config;
    int result = 0;
    if (!keyword_expect(loader, node, YAML_MAP, "operators"))
        return -1;
    config->operators = arena_array(loader->arena, node->count + 1, sizeof *config->operators);
    if (config->operators == NULL ||
        token_index_init(&config->operator_tokens, count_tokens(node), loader->arena) != 0)
        return keyword_out_of_memory(loader);
    for (const struct yaml_node *child = node->children; child != NULL; child = child->next)
        if (read_operator(loader, child, &config->operators[config->operator_count++]) != 0)
            result = -1;
    return result;
}

int clients_read(struct loader *loader, const struct yaml_node *node)
{
    int result = 0;
    if (!keyword_expect(loader, node, YAML_MAP, "clients"))
        return -1;
    if (token_index_init(&loader->config->tokens, count_tokens(node), loader->arena) != 0)
        return keyword_out_of_memory(loader);
    for (const struct yaml_node *child = node->children; child != NULL; child = child->next)
        if (read_client(loader, child) != 0)
            result = -1;
    return result;
}
