#include "gateway/http/host_check.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

enum { NAME_SIZE = 256 };

/* RFC 3986 section 2.1: a '%' stands before two hexadecimal digits, or nobody knows what it means. */
static bool is_encoded(const char *text)
{
    for (; (text = strchr(text, '%')) != NULL; text++)
        if (strspn(text + 1, "0123456789abcdefABCDEF") < 2)
            return false;
    return true;
}

bool host_check_is_valid(const char *host)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    static const char others[] = "-._~%!$&'()*+,;="; /* RFC 3986 section 3.2.2: reg-name */
    const char *at = host;
    if (*at == '[') { /* IP-literal */
        at += 1 + strspn(at + 1, "0123456789abcdefABCDEF:.");
        if (at == host + 1 || *at++ != ']')
            return false;
    }
    while (*host != '[' && *at != '\0' && (strchr(letters, *at) != NULL || strchr(others, *at) != NULL))
        at++;
    if (at == host)
        return false;
    if (*at == ':')
        at += 1 + strspn(at + 1, "0123456789");
    return at[strspn(at, " \t")] == '\0' && is_encoded(host);
}

const char *host_check_plain(const char *host, bool *loose)
{
    char name[NAME_SIZE];
    size_t scheme = strncasecmp(host, "http://", 7) == 0 ? 7 : strncasecmp(host, "https://", 8) == 0 ? 8 : 0;
    size_t length = strcspn(host + scheme, "/");
    const char *path = host + scheme + length;
    if ((scheme == 0 && *path == '\0') || length == 0 || length >= sizeof name)
        return host;
    memcpy(name, host + scheme, length);
    name[length] = '\0';
    /* "ftp://gateway" is no host "ftp:" with a path */
    *loose = host_check_is_valid(name) && strncmp(path, "//", 2) != 0 && strpbrk(path, " \t") == NULL;
    return *loose ? host + scheme : host;
}

/* "gateway.example.com" of "gateway.example.com:8080"; an IPv6 address keeps its brackets off. */
static bool cut_port(const char *host, char name[NAME_SIZE])
{
    bool bracketed = host[0] == '[';
    const char *begin = bracketed ? host + 1 : host;
    size_t length = strcspn(begin, bracketed ? "]" : ":/");
    if (length == 0 || length >= NAME_SIZE || (bracketed && begin[length] != ']'))
        return false;
    memcpy(name, begin, length);
    name[length] = '\0';
    return true;
}

bool host_check_is_among(const struct config_names *names, const char *host)
{
    char name[NAME_SIZE];
    struct in6_addr address;
    if (!cut_port(host, name))
        return false;
    if (host[0] == '[')
        return inet_pton(AF_INET6, name, &address) == 1;
    if (inet_pton(AF_INET, name, &address) == 1 || strcasecmp(name, "localhost") == 0)
        return true;
    for (size_t i = 0; i < names->count; i++)
        if (strcasecmp(names->items[i], name) == 0)
            return true;
    return false;
}
