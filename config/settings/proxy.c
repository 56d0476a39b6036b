#include "config/settings/proxy.h"

#include "config/model/config.h"
#include "config/credential/credential.h"

#include <string.h>

struct proxy {
    const struct yaml_node *url;
    const struct yaml_node *user;
    const struct yaml_node *password;
};

static const struct keyword proxy_keywords[] = {
    {"url", keyword_node, offsetof(struct proxy, url), REQUIRED, 0, 0, NULL},
    {"user", keyword_node, offsetof(struct proxy, user), OPTIONAL, 0, 0, NULL},
    {"password", keyword_node, offsetof(struct proxy, password), OPTIONAL, 0, 0, NULL},
};

/* What libcurl is given is put together again: nothing of it is read in two ways. */
static const char *without_slash(struct loader *loader, const struct url *url)
{
    static const char scheme[] = "http://";
    size_t length = strlen(url->authority);
    char *text = arena_alloc(loader->arena, sizeof scheme + length);
    if (text != NULL) {
        memcpy(text, scheme, sizeof scheme - 1);
        memcpy(text + sizeof scheme - 1, url->authority, length + 1);
    }
    return text;
}

static int read_url(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                    struct config_proxy *proxy)
{
    const char *text = NULL;
    struct url url;
    struct err err = {0};
    if (keyword_text(loader, node, keyword, &text) != 0)
        return -1;
    if (url_parse_proxy(text, loader->arena, &url, &err) != 0)
        return report_error(loader->report, &node->mark, "%s", err.text);
    proxy->mark = node->mark;
    proxy->is_loopback = url_is_loopback(&url);
    proxy->url = without_slash(loader, &url);
    return proxy->url == NULL ? keyword_out_of_memory(loader) : 0;
}

/* RFC 7617: a colon ends the user. */
static int read_user(struct loader *loader, const struct proxy *map, struct config_proxy *proxy)
{
    if ((map->user == NULL) != (map->password == NULL))
        return report_error(loader->report, &map->url->mark, "user and password of a proxy go together");
    if (map->user == NULL)
        return 0;
    proxy->user = credential_secret(loader, map->user, "user");
    proxy->password = credential_secret(loader, map->password, "password");
    if (proxy->user == NULL || proxy->password == NULL)
        return -1;
    if (strchr(secret_bytes(proxy->user), ':') != NULL)
        return report_error(loader->report, &map->user->mark, "the user of a proxy has no colon in it");
    return 0;
}

int proxy_read(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
               void *field)
{
    struct proxy map = {.url = node};
    struct config_proxy *proxy = arena_alloc(loader->arena, sizeof *proxy);
    if (proxy == NULL)
        return keyword_out_of_memory(loader);
    *proxy = (struct config_proxy){0};
    *(const struct config_proxy **)field = proxy; /* also where it fails: its secrets are freed with it */
    if (node->kind == YAML_MAP &&
        keyword_read_map(loader, node, keyword->name, proxy_keywords, COUNT(proxy_keywords), &map) != 0)
        return -1;
    if (read_url(loader, map.url, keyword, proxy) != 0)
        return -1;
    return node->kind == YAML_MAP ? read_user(loader, &map, proxy) : 0;
}
