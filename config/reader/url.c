#include "config/reader/url.h"

#include "base/text.h"

#include <arpa/inet.h>
#include <string.h>

static bool is_loopback(const char *host)
{
    struct in_addr v4;
    if (inet_pton(AF_INET, host, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    return strcmp(host, "localhost") == 0 || strcmp(host, "::1") == 0;
}

static bool is_port(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    unsigned port = 0;
    for (size_t i = 0; i < digits && i < 6; i++)
        port = port * 10 + (unsigned)(text[i] - '0');
    return digits >= 1 && digits <= 5 && text[digits] == '\0' && text[0] != '0' && port <= 65535;
}

static bool is_host_name(const char *text)
{
    size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-");
    return length > 0 && length <= 253 && text[length] == '\0' && text[0] != '.' && text[0] != '-';
}

/* "host", "host:port" or "[address]:port" */
static int parse_authority(char *authority, struct arena *arena, struct url *url, struct err *err)
{
    struct in6_addr v6;
    char *host = arena_strdup(arena, authority);
    if (host == NULL)
        return err_memory(err);
    bool bracketed = host[0] == '[';
    char *end = bracketed ? strchr(host, ']') : strchr(host, ':');
    if (bracketed && end == NULL)
        return err_set(err, ERR_INPUT, "the url's address lacks its ']'");
    const char *rest = authority + (end == NULL ? strlen(host) : (size_t)(end - host) + (bracketed ? 1 : 0));
    if (end != NULL)
        *end = '\0';
    url->host = bracketed ? host + 1 : host;
    url->authority = authority;
    if (rest[0] != '\0' && (rest[0] != ':' || !is_port(rest + 1)))
        return err_set(err, ERR_INPUT, "the url's port must be 1 to 65535");
    if (bracketed ? inet_pton(AF_INET6, url->host, &v6) != 1 : !is_host_name(url->host))
        return err_set(err, ERR_INPUT, "the url's host must be a host name or an address");
    return 0;
}

int url_parse_authority(const char *text, struct arena *arena, struct url *url, struct err *err)
{
    char *authority = arena_strdup(arena, text);
    *url = (struct url){.text = text, .path = ""};
    return authority == NULL ? err_memory(err) : parse_authority(authority, arena, url, err);
}

int url_parse_proxy(const char *text, struct arena *arena, struct url *url, struct err *err)
{
    static const char scheme[] = "http://";
    const size_t start = sizeof scheme - 1;
    *url = (struct url){.text = text, .path = ""};
    if (strncmp(text, scheme, start) != 0)
        return err_set(err, ERR_INPUT,
                       "the proxy's url must start with http:// (TLS to the upstream goes through it)");
    if (strchr(text, '@') != NULL)
        return err_set(err, ERR_INPUT,
                       "the proxy's url has a user: write proxy: { url, user, password }, with the last two "
                       "as secrets");
    size_t length = strcspn(text + start, "/");
    if (text[start + length] == '/' && text[start + length + 1] != '\0')
        return err_set(err, ERR_INPUT, "the proxy's url has no path");
    char *authority = arena_copy(arena, text + start, length);
    if (authority == NULL)
        return err_memory(err);
    if (parse_authority(authority, arena, url, err) != 0)
        return -1;
    if (authority[length - 1] == ']' || strchr(authority, ':') == NULL)
        return err_set(err, ERR_INPUT, "the proxy's url needs a port, such as http://proxy.example:3128");
    return 0;
}

bool url_is_loopback(const struct url *url)
{
    return is_loopback(url->host);
}

int url_parse(const char *text, struct arena *arena, struct url *url, struct err *err)
{
    *url = (struct url){.text = text, .tls = strncmp(text, "https://", 8) == 0};
    if (!url->tls && strncmp(text, "http://", 7) != 0)
        return err_set(err, ERR_INPUT,
                       "the url must start with https:// (or http:// for a loopback address)");
    const char *rest = text + (url->tls ? 8 : 7);
    const char *slash = strchr(rest, '/');
    if (slash == NULL)
        return err_set(err, ERR_INPUT, "the url lacks its path, such as /v2/index.php");
    for (const char *c = slash; *c != '\0'; c++)
        if (*c != '/' && !text_is_unreserved((unsigned char)*c))
            return err_set(err, ERR_INPUT, "the url's path takes letters, digits and / - . _ ~ only");
    char *authority = arena_copy(arena, rest, (size_t)(slash - rest));
    if (authority == NULL)
        return err_memory(err);
    url->path = slash;
    if (parse_authority(authority, arena, url, err) != 0)
        return -1;
    if (!url->tls && !is_loopback(url->host))
        return err_set(err, ERR_INPUT, "http:// is taken for a loopback address only; use https://");
    return 0;
}
