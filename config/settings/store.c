/* `state: memory`, `state: { sqlite: FILE }`, `state: { redis: { servers: [...] } }`. */
#include "config/settings/store.h"

#include "base/text.h"
#include "config/model/config.h"
#include "config/credential/credential.h"

#include <string.h>

enum {
    KEEP_DEFAULT = 86400000, /* ms: a person who comes back tomorrow morning still finds the answer */
    KEEP_MIN = 60000,        /* shorter, and a caller that tries again after a break is a new one */
    KEEP_MAX = 7 * 86400000,
    INSTANCES_DEFAULT = 8, /* behind one edge there are two or three */
    INSTANCES_MAX = 256,
    SERVERS_MAX = 8,
    PREFIX_MAX = 128,
    DATABASE_MAX = 65535,
    PORT_MAX = 65535,
    SOCKET_MAX = 108, /* of a socket's path, with its NUL: unix(7) */
};

#define PREFIX_DEFAULT "countersign:"

/* ---- redis ---- */

/* "valkey.internal:6379", "[::1]:6379": the port, and how many bytes in front of it are the host. */
static bool parse_host(const char *text, bool bracketed, size_t *length, int *port)
{
    long long number = 0;
    const char *colon = strrchr(text, ':');
    *length = colon == NULL ? 0 : (size_t)(colon - text);
    if (*length < 1 + 2 * (size_t)bracketed || (bracketed && colon[-1] != ']') ||
        (!bracketed && memchr(text, ':', *length) != NULL) || !keyword_parse_number(colon + 1, &number) ||
        number < 1 || number > PORT_MAX)
        return false;
    *port = (int)number;
    return true;
}

static int read_host(struct loader *loader, const struct yaml_node *node, struct config_redis_server *server)
{
    size_t length = 0;
    bool bracketed = server->text[0] == '[';
    if (!parse_host(server->text, bracketed, &length, &server->port))
        return report_error(loader->report, &node->mark,
                            "a server is HOST:PORT or unix:/PATH, such as 10.0.0.7:6379");
    server->host = arena_copy(loader->arena, server->text + bracketed, length - 2 * (size_t)bracketed);
    return server->host == NULL ? keyword_out_of_memory(loader) : 0;
}

static int read_server(struct loader *loader, const struct yaml_node *node,
                       struct config_redis_server *server)
{
    static const struct keyword word = {"servers", keyword_text, 0, OPTIONAL, 0, 0, NULL};
    static const char scheme[] = "unix:";
    if (keyword_text(loader, node, &word, &server->text) != 0)
        return -1;
    if (strncmp(server->text, scheme, sizeof scheme - 1) != 0)
        return read_host(loader, node, server);
    server->host = server->text + sizeof scheme - 1;
    server->port = 0;
    if (server->host[0] != '/' || strlen(server->host) >= SOCKET_MAX)
        return report_error(loader->report, &node->mark,
                            "the path of a socket is absolute, and has fewer than %d bytes", SOCKET_MAX);
    return 0;
}

static int read_servers(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                        void *field)
{
    struct config_store *store = field; /* offset 0: the store itself */
    int result = 0;
    if (keyword_expect_items(loader, node, keyword->name) != 0)
        return -1;
    if (node->count > SERVERS_MAX)
        return report_error(loader->report, &node->mark, "%d servers are the most", SERVERS_MAX);
    struct config_redis_server *servers = arena_array(loader->arena, node->count, sizeof *servers);
    if (servers == NULL)
        return keyword_out_of_memory(loader);
    for (const struct yaml_node *child = node->children; child != NULL; child = child->next)
        if (read_server(loader, child, &servers[store->server_count++]) != 0)
            result = -1;
    store->servers = servers;
    return result;
}

static int read_password(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                         void *field)
{
    struct config_store *store = field;
    store->password = credential_secret(loader, node, keyword->name);
    return store->password == NULL ? -1 : 0;
}

/* `tls: true`, or `tls: { ca_file: FILE }`. */
static int read_tls(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                    void *field)
{
    static const struct keyword alone = {"tls", keyword_bool, 0, OPTIONAL, 0, 0, NULL};
    static const struct keyword keywords[] = {
        {"ca_file", keyword_path, offsetof(struct config_store, ca_file), REQUIRED, 0, 0, NULL}};
    struct config_store *store = field;
    store->tls = true;
    int result = node->kind == YAML_SCALAR
                     ? keyword_bool(loader, node, &alone, &store->tls)
                     : keyword_read_map(loader, node, keyword->name, keywords, COUNT(keywords), store);
    if (result == 0 && store->tls && !COUNTERSIGN_REDIS_TLS)
        return report_error(
            loader->report, &node->mark,
            "tls is not supported here: this program was built with a hiredis that has no TLS "
            "(Debian 12's 0.14; Debian 13's 1.2 has it)");
    return result;
}

static int read_key_prefix(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                           void *field)
{
    const char *text = NULL;
    if (keyword_text(loader, node, keyword, &text) != 0)
        return -1;
    if (strlen(text) > PREFIX_MAX || strpbrk(text, "{}") != NULL)
        return report_error(
            loader->report, &node->mark,
            "prefix has at most %d bytes, and no braces: what is in them is the hash tag of a key",
            PREFIX_MAX);
    *(const char **)field = text;
    return 0;
}

#define STORE(field) offsetof(struct config_store, field)
static int read_redis(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                      void *field)
{
    static const struct keyword keywords[] = {
        {"servers", read_servers, 0, REQUIRED, 0, 0, NULL},
        {"user", keyword_text, STORE(user), OPTIONAL, 0, 0, NULL},
        {"password", read_password, 0, OPTIONAL, 0, 0, NULL},
        {"database", keyword_number, STORE(database), OPTIONAL, 0, DATABASE_MAX, NULL},
        {"tls", read_tls, 0, OPTIONAL, 0, 0, NULL},
        {"prefix", read_key_prefix, STORE(prefix), OPTIONAL, 0, 0, NULL},
    };
    struct config_store *store = field;
    if (keyword_read_map(loader, node, keyword->name, keywords, COUNT(keywords), store) != 0)
        return -1;
    if (store->user != NULL && store->password == NULL)
        return report_error(loader->report, &node->mark, "redis has a user, and no password");
    return 0;
}

/* ---- state ---- */

static const struct keyword store_keywords[] = {
    {"sqlite", keyword_path, STORE(file), OPTIONAL, 0, 0, NULL},
    {"redis", read_redis, 0, OPTIONAL, 0, 0, NULL},
    {"keep", keyword_duration, STORE(keep), OPTIONAL, KEEP_MIN, KEEP_MAX, NULL},
    {"instances", keyword_number, STORE(instances), OPTIONAL, 1, INSTANCES_MAX, NULL},
};

static int read_map(struct loader *loader, const struct yaml_node *node, struct config_store *store)
{
    if (keyword_read_map(loader, node, "state", store_keywords, COUNT(store_keywords), store) != 0)
        return -1;
    bool redis = yaml_get(node, "redis") != NULL;
    if (redis && store->file != NULL)
        return report_error(loader->report, &node->mark, "state has one store: sqlite or redis");
    if (!redis && store->file == NULL && yaml_get(node, "instances") != NULL)
        return report_error(
            loader->report, &node->mark,
            "instances is about gateways that share a store, and memory is one gateway's own: "
            "use sqlite or redis");
    store->kind = redis                 ? CONFIG_STORE_REDIS
                  : store->file != NULL ? CONFIG_STORE_SQLITE
                                        : CONFIG_STORE_MEMORY;
    return 0;
}

int store_read(struct loader *loader, const struct yaml_node *node)
{
    struct config_store *store = &loader->config->state;
    *store =
        (struct config_store){.keep = KEEP_DEFAULT, .instances = INSTANCES_DEFAULT, .prefix = PREFIX_DEFAULT};
    if (node == NULL)
        return 0;
    store->mark = node->mark;
    if (node->kind == YAML_SCALAR && strcmp(node->text, "memory") == 0)
        return 0;
    if (node->kind == YAML_SCALAR)
        return report_error(loader->report, &node->mark,
                            "state is memory, { sqlite: FILE } or { redis: { servers: [...] } }");
    return read_map(loader, node, store);
}

/* ---- a reload ---- */

static bool is_same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool is_same(const struct config_store *a, const struct config_store *b)
{
    bool same_password =
        a->password == NULL || b->password == NULL
            ? a->password == b->password
            : secret_equal(a->password, secret_bytes(b->password), secret_length(b->password));
    if (!same_password || a->kind != b->kind || a->instances != b->instances || a->database != b->database ||
        a->tls != b->tls || a->server_count != b->server_count || !is_same_text(a->file, b->file) ||
        !is_same_text(a->user, b->user) || !is_same_text(a->prefix, b->prefix) ||
        !is_same_text(a->ca_file, b->ca_file))
        return false;
    for (size_t i = 0; i < a->server_count; i++)
        if (strcmp(a->servers[i].text, b->servers[i].text) != 0)
            return false;
    return true;
}

/* The store is open, and what it was opened by is asked of nobody again: only what tells one kind from
 * another
 * has to stay true. */
int store_stay(struct loader *loader)
{
    struct config_store *store = &loader->config->state;
    const struct config_store *running = &loader->previous->state;
    if (is_same(running, store))
        return 0;
    report_find(loader->report, &(struct report_kind){.severity = REPORT_SECURITY},
                "state stays as it was: it changes by a restart only");
    secret_free(store->password);
    *store = (struct config_store){.kind = running->kind,
                                   .mark = store->mark,
                                   .keep = store->keep,
                                   .instances = running->instances,
                                   .database = running->database,
                                   .tls = running->tls,
                                   .server_count = running->server_count};
    struct config_redis_server *servers =
        arena_array(loader->arena, running->server_count + 1, sizeof *servers);
    if (servers == NULL)
        return keyword_out_of_memory(loader);
    store->servers = servers;
    const struct {
        const char *from;
        const char **to;
    } texts[] = {{running->file, &store->file},
                 {running->user, &store->user},
                 {running->ca_file, &store->ca_file},
                 {running->prefix, &store->prefix}};
    for (size_t i = 0; i < COUNT(texts); i++)
        if (texts[i].from != NULL && (*texts[i].to = arena_strdup(loader->arena, texts[i].from)) == NULL)
            return keyword_out_of_memory(loader);
    for (size_t i = 0; i < running->server_count; i++) {
        servers[i].port = running->servers[i].port;
        servers[i].text = arena_strdup(loader->arena, running->servers[i].text);
        servers[i].host = arena_strdup(loader->arena, running->servers[i].host);
        if (servers[i].text == NULL || servers[i].host == NULL)
            return keyword_out_of_memory(loader);
    }
    if (running->password != NULL && (store->password = secret_new(secret_bytes(running->password),
                                                                   secret_length(running->password))) == NULL)
        return keyword_out_of_memory(loader);
    return 0;
}
