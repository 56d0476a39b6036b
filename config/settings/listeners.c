#include "config/settings/listeners.h"

#include "base/buf.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

enum {
    LISTENERS_MAX = 16,    /* of one list: more is no plan that anybody has made */
    LISTENERS_TEXT = 4096, /* of LISTENERS_MAX addresses */
    HOST_MAX = 64,         /* longer than any address in text */
    PATH_ROOM = 108,       /* of a socket's path, with its NUL: unix(7) */
    MODE_DEFAULT = 0660,   /* its owner and group, as umask(2) has it for most */
    MODE_OWNER = 0600,     /* without these nobody can connect, we neither */
    PORT_MAX = 65535,
};

#define LOOPBACK                                                                                             \
    {                                                                                                        \
        .bytes = {[10] = 0xFF, [11] = 0xFF, [12] = 127, [15] = 1}, .prefix = 128                             \
    }

static const struct config_listener default_listen = {
    .address = "127.0.0.1:8080", .kind = CONFIG_TCP, .host = LOOPBACK, .port = 8080};
static const struct config_listener default_admin = {
    .address = "127.0.0.1:9090", .kind = CONFIG_TCP, .host = LOOPBACK, .port = 9090};
const struct config_listeners listeners_default_listen = {&default_listen, 1};
const struct config_listeners listeners_default_admin = {&default_admin, 1};

/* ---- addresses ---- */

/* "127.0.0.1:8080", "[::1]:8080" */
static bool parse_tcp(const char *text, struct config_listener *listener)
{
    char host[HOST_MAX];
    long long port = 0;
    const char *colon = strrchr(text, ':');
    bool bracketed = text[0] == '[';
    size_t length = colon == NULL ? 0 : (size_t)(colon - text);
    if (length < 3 || length >= sizeof host || (bracketed && colon[-1] != ']'))
        return false;
    memcpy(host, text + bracketed, length - 2 * bracketed);
    host[length - 2 * bracketed] = '\0';
    if ((strchr(host, ':') != NULL) != bracketed || !network_parse_address(host, &listener->host) ||
        colon[1] == '-' || !keyword_parse_number(colon + 1, &port) || port > PORT_MAX)
        return false;
    listener->kind = CONFIG_TCP;
    listener->port = (int)port;
    return true;
}

/* "unix:/run/countersign/gateway.sock" */
static bool parse_unix(const char *text, struct config_listener *listener)
{
    static const char scheme[] = "unix:";
    if (strncmp(text, scheme, sizeof scheme - 1) != 0)
        return false;
    listener->kind = CONFIG_UNIX;
    listener->name = text + sizeof scheme - 1;
    listener->mode = MODE_DEFAULT;
    return true;
}

/* "systemd", "systemd:public" */
static bool parse_systemd(const char *text, struct config_listener *listener)
{
    static const char word[] = "systemd";
    const char *rest = text + sizeof word - 1;
    if (strncmp(text, word, sizeof word - 1) != 0 || (rest[0] != '\0' && (rest[0] != ':' || rest[1] == '\0')))
        return false;
    listener->kind = CONFIG_SYSTEMD;
    listener->name = rest[0] == '\0' ? NULL : rest + 1;
    return true;
}

static int read_address(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                        void *field)
{
    struct config_listener *listener = field;
    if (keyword_text(loader, node, keyword, &listener->address) != 0)
        return -1;
    listener->mark = node->mark;
    if (!parse_unix(listener->address, listener))
        return parse_systemd(listener->address, listener) || parse_tcp(listener->address, listener)
                   ? 0
                   : report_error(
                         loader->report, &node->mark,
                         "%s must be an address and a port, such as 127.0.0.1:8080 or \"[::1]:8080\", "
                         "or unix:/path, or systemd",
                         keyword->name);
    if (listener->name[0] != '/' || listener->name[strlen(listener->name) - 1] == '/')
        return report_error(
            loader->report, &node->mark,
            "%s: a socket's path begins with a slash, such as unix:/run/countersign/gateway.sock",
            keyword->name);
    if (strlen(listener->name) >= PATH_ROOM)
        return report_error(loader->report, &node->mark, "%s: a socket's path has at most %d bytes",
                            keyword->name, PATH_ROOM - 1);
    return 0;
}

/* ---- TLS ---- */

static const char *const client_names[] = {"optional", "required", NULL};
static const char *const min_names[] = {"1.2", "1.3", NULL};

#define CERTIFICATE(field) offsetof(struct config_certificate, field)
static const struct keyword certificate_keywords[] = {
    {"certificate", keyword_path, CERTIFICATE(certificate), REQUIRED, 0, 0, NULL},
    {"key", keyword_path, CERTIFICATE(key), REQUIRED, 0, 0, NULL},
};

struct tls {
    struct config_tls tls;
    struct config_certificate one; /* the short form */
};

static int read_certificates(struct loader *loader, const struct yaml_node *node,
                             const struct keyword *keyword, void *field)
{
    struct config_tls *tls = field;
    int result = 0;
    if (keyword_expect_items(loader, node, keyword->name) != 0)
        return -1;
    tls->certificates = arena_array(loader->arena, node->count, sizeof *tls->certificates);
    if (tls->certificates == NULL)
        return keyword_out_of_memory(loader);
    for (const struct yaml_node *child = node->children; child != NULL; child = child->next)
        if (keyword_read_map(loader, child, keyword->name, certificate_keywords, COUNT(certificate_keywords),
                             &tls->certificates[tls->count++]) != 0)
            result = -1;
    return result;
}

#define TLS(field) offsetof(struct tls, field)
static const struct keyword tls_keywords[] = {
    {"certificate", keyword_path, TLS(one.certificate), OPTIONAL, 0, 0, NULL},
    {"key", keyword_path, TLS(one.key), OPTIONAL, 0, 0, NULL},
    {"certificates", read_certificates, TLS(tls), OPTIONAL, 0, 0, NULL},
    {"client_ca", keyword_path, TLS(tls.client_ca), OPTIONAL, 0, 0, NULL},
    {"client", keyword_choice, TLS(tls.client), OPTIONAL, 0, 0, client_names},
    {"client_crl", keyword_path, TLS(tls.client_crl), OPTIONAL, 0, 0, NULL},
    {"min", keyword_choice, TLS(tls.min), OPTIONAL, 0, 0, min_names},
};

/* One certificate by two keys, or several by a list. */
static int settle_certificates(struct loader *loader, const struct yaml_node *node, struct tls *tls)
{
    bool any = tls->one.certificate != NULL || tls->one.key != NULL;
    bool both = tls->one.certificate != NULL && tls->one.key != NULL;
    if (any ? !both || tls->tls.count > 0 : tls->tls.count == 0)
        return report_error(loader->report, &node->mark,
                            "tls has a certificate and its key, or a list of such pairs in certificates");
    if (!any)
        return 0;
    tls->tls.certificates = arena_array(loader->arena, 1, sizeof tls->one);
    if (tls->tls.certificates == NULL)
        return keyword_out_of_memory(loader);
    tls->tls.certificates[0] = tls->one;
    tls->tls.count = 1;
    return 0;
}

/* Who names an authority and says no more means it: a certificate of its is required. */
static int read_tls(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                    void *field)
{
    struct tls tls = {.tls.client = CONFIG_TLS_REQUIRED};
    if (keyword_read_map(loader, node, keyword->name, tls_keywords, COUNT(tls_keywords), &tls) != 0 ||
        settle_certificates(loader, node, &tls) != 0)
        return -1;
    if (tls.tls.client_ca == NULL && (yaml_get(node, "client") != NULL || tls.tls.client_crl != NULL))
        return report_error(loader->report, &node->mark,
                            "client and client_crl go with client_ca: whose certificates are they?");
    struct config_tls *copy = arena_alloc(loader->arena, sizeof *copy);
    if (copy == NULL)
        return keyword_out_of_memory(loader);
    *copy = tls.tls;
    *(const struct config_tls **)field = copy;
    return 0;
}

/* ---- entries ---- */

struct entry {
    struct config_listener listener;
    const struct config_tls *tls;
    long long mode; /* MODE_UNSAID where it is not said */
    struct mark mode_mark;
};

enum { MODE_UNSAID = -1 };

/* Three octal digits, also with a zero in front, as chmod(1) takes them. */
static int read_mode(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                     void *field)
{
    const char *text = NULL;
    unsigned mode = 0;
    struct entry *entry = (struct entry *)(void *)((char *)field - keyword->offset);
    if (keyword_text(loader, node, keyword, &text) != 0)
        return -1;
    size_t length = strlen(text);
    for (const char *digit = text; *digit >= '0' && *digit <= '7'; digit++)
        mode = mode * 8 + (unsigned)(*digit - '0');
    if (strspn(text, "01234567") != length || (length != 3 && (length != 4 || text[0] != '0')) ||
        (mode & MODE_OWNER) != MODE_OWNER)
        return report_error(loader->report, &node->mark,
                            "mode is three octal digits that let the owner read and write, such as 0660");
    entry->mode = mode;
    entry->mode_mark = node->mark;
    return 0;
}

#define ENTRY(field) offsetof(struct entry, field)
static const struct keyword entry_keywords[] = {
    {"address", read_address, ENTRY(listener), REQUIRED, 0, 0, NULL},
    {"mode", read_mode, ENTRY(mode), OPTIONAL, 0, 0, NULL},
    {"tls", read_tls, ENTRY(tls), OPTIONAL, 0, 0, NULL},
};

static int read_entry(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                      struct config_listener *listener)
{
    struct entry entry = {.mode = MODE_UNSAID};
    if (node->kind != YAML_MAP)
        return read_address(loader, node, keyword, listener);
    if (keyword_read_map(loader, node, keyword->name, entry_keywords, COUNT(entry_keywords), &entry) != 0)
        return -1;
    *listener = entry.listener;
    listener->tls = entry.tls;
    if (entry.mode != MODE_UNSAID && listener->kind != CONFIG_UNIX)
        return report_error(loader->report, &entry.mode_mark,
                            "mode belongs to the path of a unix: socket only");
    if (entry.mode != MODE_UNSAID)
        listener->mode = (unsigned)entry.mode;
    return 0;
}

int listeners_read(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                   void *field)
{
    struct config_listeners *listeners = field;
    const struct yaml_node *first = node->kind == YAML_LIST ? node->children : node;
    int result = 0;
    size_t count = node->kind == YAML_LIST ? node->count : 1;
    if (count == 0)
        return report_error(loader->report, &node->mark, "%s lists no address", keyword->name);
    if (count > LISTENERS_MAX)
        return report_error(loader->report, &node->mark, "%s has more than %d entries", keyword->name,
                            LISTENERS_MAX);
    struct config_listener *items = arena_array(loader->arena, count, sizeof *items);
    if (items == NULL)
        return keyword_out_of_memory(loader);
    for (size_t i = 0; i < count; i++, first = first->next)
        if (read_entry(loader, first, keyword, &items[i]) != 0)
            result = -1;
    if (result == 0)
        *listeners = (struct config_listeners){items, count};
    return result;
}

/* ---- all together ---- */

static bool is_wildcard(const struct network *host)
{
    const struct network v4 = {.bytes = {[10] = 0xFF, [11] = 0xFF}, .prefix = 128};
    const struct network v6 = {.prefix = 128};
    return network_is_same(host, &v4) || network_is_same(host, &v6);
}

/* An address of one family also covers each of its own. */
static bool share_socket(const struct config_listener *one, const struct config_listener *other)
{
    if (one->kind != other->kind)
        return false;
    if (one->kind == CONFIG_UNIX)
        return strcmp(one->name, other->name) == 0;
    if (one->kind == CONFIG_SYSTEMD)
        return one->name == NULL || other->name == NULL || strcmp(one->name, other->name) == 0;
    return one->port == other->port && one->port != 0 &&
           network_is_v4(&one->host) == network_is_v4(&other->host) &&
           (network_is_same(&one->host, &other->host) || is_wildcard(&one->host) ||
            is_wildcard(&other->host));
}

static int refuse_pair(struct loader *loader, const struct config_listener *one,
                       const struct config_listener *other)
{
    if (one->kind == CONFIG_SYSTEMD)
        return report_error(loader->report, &other->mark,
                            "'%.64s' and '%.64s' take the same sockets: name them, systemd:NAME "
                            "(FileDescriptorName= of the socket's unit)",
                            one->address, other->address);
    return report_error(loader->report, &other->mark, "'%.128s' and '%.128s' cannot both be listened on",
                        one->address, other->address);
}

static int check_list(struct loader *loader, const struct config_listeners *listeners)
{
    for (size_t i = 0; i < listeners->count; i++)
        for (size_t j = i + 1; j < listeners->count; j++)
            if (share_socket(&listeners->items[i], &listeners->items[j]))
                return refuse_pair(loader, &listeners->items[i], &listeners->items[j]);
    return 0;
}

int listeners_check(struct loader *loader, const struct yaml_node *root,
                    const struct config_listeners *listen, const struct config_listeners *admin)
{
    for (size_t i = 0; i < listen->count; i++)
        for (size_t j = 0; j < admin->count; j++)
            if (share_socket(&listen->items[i], &admin->items[j]))
                return listen->items[i].kind == CONFIG_SYSTEMD
                           ? refuse_pair(loader, &listen->items[i], &admin->items[j])
                           : report_error(loader->report, &root->mark,
                                          "listen and admin must be two addresses");
    return check_list(loader, listen) == 0 && check_list(loader, admin) == 0 ? 0 : -1;
}

/* "127.0.0.1:8080, unix:/run/x.sock"; "" when memory is out. */
static const char *text_of(struct arena *arena, const struct config_listeners *listeners)
{
    struct buf text;
    buf_init(&text, LISTENERS_TEXT);
    for (size_t i = 0; i < listeners->count; i++)
        buf_put_format(&text, "%s%s%s", i == 0 ? "" : ", ", listeners->items[i].address,
                       listeners->items[i].tls == NULL ? "" : " with TLS");
    const char *copy = arena_strdup(arena, buf_text(&text));
    buf_done(&text);
    return copy == NULL ? "" : copy;
}

static bool are_same(const struct config_listeners *one, const struct config_listeners *other)
{
    if (one->count != other->count)
        return false;
    for (size_t i = 0; i < one->count; i++)
        if (strcmp(one->items[i].address, other->items[i].address) != 0 ||
            one->items[i].mode != other->items[i].mode ||
            (one->items[i].tls != NULL) != (other->items[i].tls != NULL))
            return false;
    return true;
}

static const char *copy_text(struct arena *arena, const char *text, bool *failed)
{
    const char *copy = text == NULL ? NULL : arena_strdup(arena, text);
    *failed = *failed || (text != NULL && copy == NULL);
    return copy;
}

static const struct config_tls *copy_tls(struct arena *arena, const struct config_tls *tls, bool *failed)
{
    struct config_tls *copy = tls == NULL ? NULL : arena_alloc(arena, sizeof *copy);
    if (copy != NULL) {
        *copy = *tls;
        copy->certificates = arena_array(arena, tls->count, sizeof *copy->certificates);
        copy->client_ca = copy_text(arena, tls->client_ca, failed);
        copy->client_crl = copy_text(arena, tls->client_crl, failed);
        for (size_t i = 0; i < tls->count && copy->certificates != NULL; i++)
            copy->certificates[i] =
                (struct config_certificate){copy_text(arena, tls->certificates[i].certificate, failed),
                                            copy_text(arena, tls->certificates[i].key, failed)};
    }
    *failed = *failed || (tls != NULL && (copy == NULL || copy->certificates == NULL));
    return copy;
}

static struct config_listener copy_of(struct arena *arena, const struct config_listener *listener,
                                      bool *failed)
{
    struct config_listener copy = *listener;
    copy.address = copy_text(arena, listener->address, failed);
    copy.tls = copy_tls(arena, listener->tls, failed);
    copy.mark = (struct mark){0}; /* of a file that is no more */
    if (listener->name != NULL && copy.address != NULL)
        copy.name = copy.address + (listener->name - listener->address);
    return copy;
}

const char *listeners_stay(struct loader *loader, const struct config_listeners *old,
                           struct config_listeners *new)
{
    if (are_same(old, new))
        return NULL;
    struct config_listener *items = arena_array(loader->arena, old->count, sizeof *items);
    bool failed = items == NULL;
    for (size_t i = 0; i < old->count && !failed; i++)
        items[i] = copy_of(loader->arena, &old->items[i], &failed);
    if (failed)
        (void)keyword_out_of_memory(loader);
    *new = (struct config_listeners){items, failed ? 0 : old->count};
    return text_of(loader->arena, old);
}
