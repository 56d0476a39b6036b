/* The names of keys are the cloud's own, in small letters.  What goes to STS is written once, here. The
 * file is longer than others, because all forms of a credential that is issued share their keys and
 * checks. */
#include "config/credential/issuer.h"

#include "base/json/json.h"
#include "base/json/json_value.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

enum {
    ISSUER_SESSION_MIN = 2, /* characters of RoleSessionName */
    ISSUER_SESSION_MAX = 128,
    ISSUER_TAGS_MAX = 50,
    ISSUER_LIFE_MAX = 43200000, /* ms: the longest DurationSeconds */
    ISSUER_LIFE_MIN = 1000,
    ISSUER_REQUEST_MAX = 64 * 1024, /* bytes of what goes to STS */
    ISSUER_DEPTH = 32,              /* levels of a policy */
    ISSUER_OWN_TAGS = 2,            /* client and token, of a session of a client */
    /* sessions of clients at a time: at some 1 to 10 KiB each no more than 10 MiB, and where each is fetched
     * anew within an hour, STS is asked less than once a second of the 600 that it takes */
    ISSUER_SESSIONS_DEFAULT = 1024,
    ISSUER_SESSIONS_MAX = 65536,
};

/* What the two maps for STS say. */
struct assumed {
    const char *from;
    const char *provider;
    const char *role_arn;
    const char *token_file;
    const char *session;
    long long duration; /* ms; 0: what STS takes by default */
    const char *external_id;
    const char *policy;
    const struct yaml_node *tags;
    bool per_client;
};

static const char *const names[] = {"role", "web_identity", "assume_role", "command"};

bool issuer_is_named(const struct yaml_node *node)
{
    for (size_t i = 0; node->kind == YAML_MAP && i < COUNT(names); i++)
        if (yaml_get(node, names[i]) != NULL)
            return true;
    return false;
}

/* ---- a role of the instance, a program ---- */

static int read_role(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                     void *field)
{
    struct config_issuer *issuer = field;
    if (!keyword_expect(loader, node, YAML_SCALAR, keyword->name))
        return -1;
    issuer->kind = CONFIG_ROLE;
    if (strcmp(node->text, "true") == 0)
        return 0;
    if (strcmp(node->text, "false") == 0)
        return report_error(loader->report, &node->mark, "role is true, or a role's name");
    return keyword_name(loader, node, keyword, &issuer->role);
}

static int read_program(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                        void *field)
{
    struct config_issuer *issuer = field;
    issuer->kind = CONFIG_COMMAND;
    return keyword_command(loader, node, keyword, &issuer->command);
}

/* ---- the two of STS ---- */

static int read_session(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                        void *field)
{
    const char *text = NULL;
    if (keyword_text(loader, node, keyword, &text) != 0)
        return -1;
    size_t length = strlen(text);
    bool good = length >= ISSUER_SESSION_MIN && length <= ISSUER_SESSION_MAX;
    for (const char *c = text; *c != '\0'; c++)
        good = good && (text_is_unreserved((unsigned char)*c) || strchr("+=,@", *c) != NULL) && *c != '~';
    if (!good)
        return report_error(loader->report, &node->mark,
                            "session must be %d to %d letters, digits and _ + = , . @ -", ISSUER_SESSION_MIN,
                            ISSUER_SESSION_MAX);
    *(const char **)field = text;
    return 0;
}

static int read_policy(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                       void *field)
{
    struct err err = {0};
    struct json_value value;
    if (!keyword_expect(loader, node, YAML_SCALAR, keyword->name))
        return -1;
    if (json_value_read(node->text, strlen(node->text), ISSUER_DEPTH, &value, &err) != 0)
        return report_error(loader->report, &node->mark, "policy must be JSON: %s", err.text);
    if (value.kind != JSON_VALUE_OBJECT)
        return report_error(loader->report, &node->mark, "policy must be a JSON object, as CAM takes it");
    *(const char **)field = arena_strdup(loader->arena, node->text);
    return *(const char **)field == NULL ? keyword_out_of_memory(loader) : 0;
}

#define ASSUMED(field) offsetof(struct assumed, field)
static const struct keyword role_keywords[] = {
    {"from", keyword_text, ASSUMED(from), REQUIRED, 0, 0, NULL},
    {"role_arn", keyword_text, ASSUMED(role_arn), REQUIRED, 0, 0, NULL},
    {"session", read_session, ASSUMED(session), OPTIONAL, 0, 0, NULL},
    {"duration", keyword_duration, ASSUMED(duration), OPTIONAL, ISSUER_LIFE_MIN, ISSUER_LIFE_MAX, NULL},
    {"external_id", keyword_text, ASSUMED(external_id), OPTIONAL, 0, 0, NULL},
    {"policy", read_policy, ASSUMED(policy), OPTIONAL, 0, 0, NULL},
    {"tags", keyword_node, ASSUMED(tags), OPTIONAL, 0, 0, NULL},
};

/* What is not said, the cloud's Kubernetes says in the environment. */
static const struct keyword identity_keywords[] = {
    {"provider", keyword_text, ASSUMED(provider), OPTIONAL, 0, 0, NULL},
    {"role_arn", keyword_text, ASSUMED(role_arn), OPTIONAL, 0, 0, NULL},
    {"token_file", keyword_path, ASSUMED(token_file), OPTIONAL, 0, 0, NULL},
    {"session", read_session, ASSUMED(session), OPTIONAL, 0, 0, NULL},
    {"duration", keyword_duration, ASSUMED(duration), OPTIONAL, ISSUER_LIFE_MIN, ISSUER_LIFE_MAX, NULL},
};

/* A session of a client has two tags of its own. */
static int check_tags(struct loader *loader, const struct yaml_node *tags, bool per_client)
{
    size_t most = ISSUER_TAGS_MAX - (per_client ? ISSUER_OWN_TAGS : 0);
    if (!keyword_expect(loader, tags, YAML_MAP, "tags"))
        return -1;
    if (tags->count > most)
        return report_error(loader->report, &tags->mark, "tags takes %zu at most", most);
    const struct yaml_node *own = per_client ? yaml_get(tags, "client") : NULL;
    if (own == NULL && per_client)
        own = yaml_get(tags, "token");
    if (own != NULL)
        return report_error(
            loader->report, &own->mark,
            "the tags 'client' and 'token' are those of each session: sessions is per_client");
    return 0;
}

/* The elements of Tags. */
static int put_tags(struct loader *loader, const struct yaml_node *tags, bool per_client, struct buf *out)
{
    if (tags == NULL)
        return 0;
    if (check_tags(loader, tags, per_client) != 0)
        return -1;
    for (const struct yaml_node *child = tags->children; child != NULL; child = child->next) {
        if (keyword_expect_text(loader, child, "tags") != 0)
            return -1;
        json_open(out);
        json_member(out, "Key", child->key);
        json_member(out, "Value", child->text);
        json_close(out);
    }
    return 0;
}

/* Of a session of a client, the client has the rest of it: gateway/keeper/sessions.c. */
static int write_tags(struct loader *loader, const struct assumed *assumed, struct config_issuer *issuer,
                      struct buf *out)
{
    struct buf tags;
    buf_init(&tags, ISSUER_REQUEST_MAX);
    int result = put_tags(loader, assumed->tags, assumed->per_client, &tags);
    issuer->tags = arena_copy(loader->arena, buf_text(&tags), tags.length);
    if (!assumed->per_client && tags.length > 0) {
        json_open_array(out, "Tags");
        buf_put_bytes(out, buf_text(&tags), tags.length);
        json_close_array(out);
    }
    out->failed = out->failed || tags.failed;
    buf_done(&tags);
    return issuer->tags == NULL ? keyword_out_of_memory(loader) : result;
}

/* STS takes a policy as URL-encoded JSON. */
static void put_policy(const char *policy, struct buf *out)
{
    struct buf text;
    if (policy == NULL)
        return;
    buf_init(&text, ISSUER_REQUEST_MAX);
    buf_put_percent(&text, policy, strlen(policy));
    json_member(out, "Policy", buf_text(&text));
    out->failed = out->failed || text.failed;
    buf_done(&text);
}

/* {"ProviderId":...,"RoleArn":...; without its brackets. */
static int write_request(struct loader *loader, const struct yaml_node *node, const struct assumed *assumed,
                         struct config_issuer *issuer)
{
    struct buf out;
    buf_init(&out, ISSUER_REQUEST_MAX);
    json_member(&out, "ProviderId", assumed->provider);
    json_member(&out, "RoleArn", assumed->role_arn);
    if (!assumed->per_client)
        json_member(&out, "RoleSessionName", assumed->session == NULL ? "countersign" : assumed->session);
    if (assumed->duration != 0)
        json_member_int(&out, "DurationSeconds", assumed->duration / 1000);
    json_member(&out, "ExternalId", assumed->external_id);
    put_policy(assumed->policy, &out);
    int result = write_tags(loader, assumed, issuer, &out);
    if (result == 0 && out.failed)
        result = report_error(loader->report, &node->mark,
                              "what goes to STS exceeds %d bytes, or memory is out", ISSUER_REQUEST_MAX);
    issuer->request = arena_copy(loader->arena, buf_text(&out), out.length);
    buf_done(&out);
    return issuer->request == NULL ? keyword_out_of_memory(loader) : result;
}

/* `from` is found once all credentials are there: issuer_settle(). */
static int read_assumed(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                        void *field)
{
    struct config_issuer *issuer = field;
    struct assumed assumed = {.per_client = issuer->sessions == CONFIG_PER_CLIENT};
    issuer->kind = CONFIG_ASSUME_ROLE;
    if (keyword_read_map(loader, node, keyword->name, role_keywords, COUNT(role_keywords), &assumed) != 0)
        return -1;
    if (assumed.per_client && assumed.session != NULL)
        return report_error(loader->report, &node->mark,
                            "session does not go with sessions: each client's has the client's name");
    return write_request(loader, node, &assumed, issuer);
}

static int from_environment(struct loader *loader, const struct yaml_node *node, const char *key,
                            const char *variable, const char **field)
{
    const char *value = *field != NULL ? NULL : getenv(variable);
    if (*field != NULL)
        return 0;
    if (value == NULL || value[0] == '\0' || text_has_control(value, strlen(value)))
        return report_error(loader->report, &node->mark, "web_identity lacks the key '%s', and %s is not set",
                            key, variable);
    *field = arena_strdup(loader->arena, value);
    return *field == NULL ? keyword_out_of_memory(loader) : 0;
}

static int read_identity(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                         void *field)
{
    struct config_issuer *issuer = field;
    struct assumed assumed = {0};
    issuer->kind = CONFIG_WEB_IDENTITY;
    if (keyword_read_map(loader, node, keyword->name, identity_keywords, COUNT(identity_keywords),
                         &assumed) != 0)
        return -1;
    int result = from_environment(loader, node, "provider", "TKE_PROVIDER_ID", &assumed.provider);
    if (from_environment(loader, node, "role_arn", "TKE_ROLE_ARN", &assumed.role_arn) != 0)
        result = -1;
    if (from_environment(loader, node, "token_file", "TKE_WEB_IDENTITY_TOKEN_FILE", &assumed.token_file) != 0)
        result = -1;
    issuer->token_file = assumed.token_file;
    return result != 0 ? -1 : write_request(loader, node, &assumed, issuer);
}

/* ---- all of them ---- */

static const char *const sharing[] = {[CONFIG_SHARED] = "shared", [CONFIG_PER_CLIENT] = "per_client", NULL};

/* Read first: what goes to STS depends on it. */
static int read_sessions(struct loader *loader, const struct yaml_node *node, struct config_issuer *issuer)
{
    const struct yaml_node *sessions = yaml_get(node, "sessions");
    const struct yaml_node *limit = yaml_get(node, "session_limit");
    issuer->session_limit = ISSUER_SESSIONS_DEFAULT;
    if (sessions != NULL && sessions->kind == YAML_SCALAR && strcmp(sessions->text, "per_client") == 0)
        issuer->sessions = CONFIG_PER_CLIENT;
    if (sessions != NULL && yaml_get(node, "assume_role") == NULL)
        return report_error(loader->report, &sessions->mark,
                            "sessions goes with assume_role only: STS gives each client its own there");
    if (limit != NULL && issuer->sessions != CONFIG_PER_CLIENT)
        return report_error(loader->report, &limit->mark, "session_limit needs sessions: per_client");
    const struct yaml_node *scope = yaml_get(node, "down_scope");
    if (scope != NULL && issuer->sessions != CONFIG_PER_CLIENT)
        return report_error(loader->report, &scope->mark, "down_scope needs sessions: per_client");
    const struct yaml_node *policy = yaml_get(yaml_get(node, "assume_role"), "policy");
    if (scope != NULL && policy != NULL)
        return report_error(loader->report, &policy->mark,
                            "policy does not go with down_scope: STS takes one, and each client has its own");
    return 0;
}

static const struct keyword issuer_keywords[] = {
    {"role", read_role, 0, OPTIONAL, 0, 0, NULL},
    {"web_identity", read_identity, 0, OPTIONAL, 0, 0, NULL},
    {"assume_role", read_assumed, 0, OPTIONAL, 0, 0, NULL},
    {"command", read_program, 0, OPTIONAL, 0, 0, NULL},
    {"sessions", keyword_choice, offsetof(struct config_issuer, sessions), OPTIONAL, 0, 0, sharing},
    {"down_scope", keyword_bool, offsetof(struct config_issuer, down_scope), OPTIONAL, 0, 0, NULL},
    {"session_limit", keyword_number, offsetof(struct config_issuer, session_limit), OPTIONAL, 1,
     ISSUER_SESSIONS_MAX, NULL},
};

/* How many of the forms it has. */
static size_t count_forms(const struct yaml_node *node)
{
    size_t count = 0;
    for (size_t i = 0; i < COUNT(names); i++)
        count += yaml_get(node, names[i]) != NULL;
    return count;
}

int issuer_read(struct loader *loader, const struct yaml_node *node, struct config_credential *credential)
{
    struct config_issuer *issuer = arena_alloc(loader->arena, sizeof *issuer);
    if (issuer == NULL)
        return keyword_out_of_memory(loader);
    credential->issuer = issuer;
    if (read_sessions(loader, node, issuer) != 0)
        return -1;
    if (keyword_read_map(loader, node, "credential", issuer_keywords, COUNT(issuer_keywords), issuer) != 0)
        return -1;
    if (count_forms(node) != 1)
        return report_error(loader->report, &node->mark,
                            "credential takes exactly one of role, web_identity, assume_role and command, or "
                            "secret_id and secret_key");
    return 0;
}

static const struct config_credential *find(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->credential_count; i++)
        if (strcmp(config->credentials[i].name, name) == 0)
            return &config->credentials[i];
    return NULL;
}

/* The configuration is being made: what its loader wrote, it may write on. */
static struct config_issuer *issuer_of(const struct config_credential *credential)
{
    return (struct config_issuer *)(uintptr_t)credential->issuer;
}

static int find_from(struct loader *loader, const struct yaml_node *child,
                     const struct config_credential *credential)
{
    const struct yaml_node *map = yaml_get(child, "assume_role");
    const struct yaml_node *from = map == NULL || map->kind != YAML_MAP ? NULL : yaml_get(map, "from");
    if (credential->issuer == NULL || from == NULL || from->kind != YAML_SCALAR)
        return 0;
    issuer_of(credential)->from = find(loader->config, from->text);
    if (credential->issuer->from == NULL)
        return report_error(loader->report, &from->mark, "there is no credential '%.64s'", from->text);
    if (config_has_sessions(credential->issuer->from))
        return report_error(loader->report, &from->mark,
                            "credential '%.64s' has a session for each client: nothing is assumed from it",
                            from->text);
    return 0;
}

/* A chain that is longer than there are credentials comes back to one of them. */
static int check_chain(struct loader *loader, const struct config_credential *credential)
{
    const struct config_credential *at = credential;
    for (size_t i = 0; i <= loader->config->credential_count; i++) {
        at = at->issuer == NULL ? NULL : at->issuer->from;
        if (at == NULL)
            return 0;
        if (at == credential)
            break;
    }
    return report_error(loader->report, &credential->mark,
                        "credential '%.64s' is assumed from itself: its `from` goes in a circle",
                        credential->name);
}

static void put_same(struct buf *out, const struct config_credential *credential)
{
    const struct config_issuer *issuer = credential->issuer;
    if (issuer == NULL) {
        json_member(out, "credential", credential->name);
        return;
    }
    json_member_int(out, "kind", issuer->kind);
    json_member(out, "role", issuer->role);
    json_member(out, "token_file", issuer->token_file);
    json_member(out, "request", issuer->request);
    json_member(out, "tags", issuer->tags);
    if (issuer->sessions == CONFIG_PER_CLIENT)
        json_member_int(out, "sessions", issuer->session_limit);
    if (issuer->down_scope)
        json_member_bool(out, "down_scope", true);
    for (const char **word = issuer->command; word != NULL && *word != NULL; word++)
        json_member(out, "word", *word);
    if (issuer->from != NULL)
        put_same(out, issuer->from); /* in no circle: that was checked */
}

/* By it, a reload knows what it need not fetch again. */
static int write_same(struct loader *loader, const struct config_credential *credential)
{
    struct buf out;
    const struct config *config = loader->config;
    buf_init(&out, ISSUER_REQUEST_MAX * (loader->config->credential_count + 1));
    json_member(&out, "name", credential->name);
    json_member(&out, "sts", config->issuers[CONFIG_STS].url.text);
    json_member(&out, "region", config->issuers[CONFIG_STS].region);
    json_member(&out, "metadata", config->issuers[CONFIG_METADATA].url.text);
    put_same(&out, credential);
    issuer_of(credential)->same = out.failed ? NULL : arena_copy(loader->arena, buf_text(&out), out.length);
    buf_done(&out);
    return credential->issuer->same == NULL ? keyword_out_of_memory(loader) : 0;
}

int issuer_settle(struct loader *loader, const struct yaml_node *node)
{
    int result = 0;
    const struct config *config = loader->config;
    const struct yaml_node *child = node->children;
    for (size_t i = 0; i < config->credential_count; i++, child = child->next)
        if (find_from(loader, child, &config->credentials[i]) != 0)
            result = -1;
    for (size_t i = 0; i < config->credential_count; i++)
        if (check_chain(loader, &config->credentials[i]) != 0)
            result = -1;
    for (size_t i = 0; i < config->credential_count && result == 0; i++)
        if (config->credentials[i].issuer != NULL && write_same(loader, &config->credentials[i]) != 0)
            result = -1;
    return result;
}
