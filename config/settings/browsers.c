/* countersign.yaml, `browsers`: whose pages may call, by which names callers ask, and the reference page. */
#include "config/settings/browsers.h"

#include "config/model/config.h"
#include "config/reader/keyword.h"

#include <string.h>

enum {
    BROWSERS_MAX = 100, /* origins or hosts: more is no list that anybody has checked */
    HOST_MAX = 253,     /* RFC 1035 section 2.3.4 */
};

static bool is_host(const char *text, size_t length)
{
    return length > 0 && length <= HOST_MAX && text[0] != '.' && text[0] != '-' &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789.-") >= length;
}

/* "" or ":8443"; not the scheme's own port, which browsers leave out. */
static bool is_port(const char *text, const char *own)
{
    long long port;
    if (text[0] == '\0')
        return true;
    return text[0] == ':' && text[1] != '0' && strcmp(text + 1, own) != 0 &&
           strspn(text + 1, "0123456789") == strlen(text + 1) && keyword_parse_number(text + 1, &port) &&
           port <= 65535;
}

/* An origin as browsers write it (RFC 6454 section 6.2): it is compared byte by byte. */
static bool is_origin(const char *text)
{
    bool tls = strncmp(text, "https://", 8) == 0;
    if (!tls && strncmp(text, "http://", 7) != 0)
        return false;
    const char *host = text + (tls ? 8 : 7);
    size_t length = strcspn(host, ":");
    return is_host(host, length) && is_port(host + length, tls ? "443" : "80");
}

static int check_origin(struct loader *loader, const struct yaml_node *node, const char *text)
{
    if (strcmp(text, "*") == 0 || strcmp(text, "null") == 0)
        return report_error(
            loader->report, &node->mark,
            "'%s' would let any page call: name each origin, such as https://console.example.com", text);
    if (!is_origin(text))
        return report_error(
            loader->report, &node->mark,
            "an origin is written as browsers send it: https://console.example.com, in lower case, "
            "with a port unless it is the scheme's own, and nothing behind it");
    return 0;
}

static int check_host(struct loader *loader, const struct yaml_node *node, const char *text)
{
    if (!is_host(text, strlen(text)))
        return report_error(
            loader->report, &node->mark,
            "a host is a name in lower case, without scheme and port, such as gateway.example.com");
    return 0;
}

static int read_list(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                     struct config_names *names,
                     int (*check)(struct loader *, const struct yaml_node *, const char *))
{
    int result = 0;
    if (!keyword_expect(loader, node, YAML_LIST, keyword->name))
        return -1;
    if (node->count > BROWSERS_MAX)
        return report_error(loader->report, &node->mark, "%s has more than %d items", keyword->name,
                            BROWSERS_MAX);
    const char **items = arena_array(loader->arena, node->count + 1, sizeof *items);
    if (items == NULL)
        return keyword_out_of_memory(loader);
    for (const struct yaml_node *child = node->children; child != NULL; child = child->next) {
        const char *text = NULL;
        if (keyword_text(loader, child, keyword, &text) != 0 || check(loader, child, text) != 0)
            result = -1;
        else
            items[names->count++] = text;
    }
    names->items = items;
    return result;
}

static int read_origins(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                        void *field)
{
    return read_list(loader, node, keyword, field, check_origin);
}

static int read_hosts(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                      void *field)
{
    return read_list(loader, node, keyword, field, check_host);
}

static int read_docs(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                     void *field)
{
    loader->config->browsers.docs_mark = node->mark;
    return keyword_bool(loader, node, keyword, field);
}

#define BROWSERS(field) offsetof(struct config_browsers, field)
static const struct keyword browsers_keywords[] = {
    {"origins", read_origins, BROWSERS(origins), OPTIONAL, 0, 0, NULL},
    {"hosts", read_hosts, BROWSERS(hosts), OPTIONAL, 0, 0, NULL},
    {"docs", read_docs, BROWSERS(docs), OPTIONAL, 0, 0, NULL},
};

int browsers_read(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                  void *field)
{
    (void)field;
    return keyword_read_map(loader, node, keyword->name, browsers_keywords, COUNT(browsers_keywords),
                            &loader->config->browsers);
}
