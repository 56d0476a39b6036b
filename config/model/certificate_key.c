#include "config/model/certificate_key.h"

#include "base/system/network.h"
#include "base/text.h"

#include <string.h>
#include <strings.h>

enum { DNS_MAX = 253, SHA256_SIZE = 32 };

static const char *const prefixes[] = {
    [CERTIFICATE_KEY_SHA256] = "sha256:", [CERTIFICATE_KEY_DNS] = "DNS:", [CERTIFICATE_KEY_URI] = "URI:",
    [CERTIFICATE_KEY_EMAIL] = "email:",   [CERTIFICATE_KEY_IP] = "IP:",
};

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* In place: case says nothing in a name of the DNS (RFC 4343), and a dot at its end neither. */
static bool make_dns(char *text)
{
    size_t length = strlen(text);
    if (length > 0 && text[length - 1] == '.')
        text[--length] = '\0';
    for (char *c = text; *c != '\0'; c++) {
        *c = lower(*c);
        if (!text_is_unreserved((unsigned char)*c) || *c == '~' || (*c == '.' && (c == text || c[-1] == '.')))
            return false;
    }
    return length > 0 && length <= DNS_MAX && text[length - 1] != '.';
}

/* "BA:78:..." as well as "ba78...". */
static bool make_sha256(char *text)
{
    unsigned char digest[SHA256_SIZE];
    char *end = text;
    for (size_t i = 0; text[i] != '\0'; i++)
        if (text[i] != ':' || i % 3 != 2)
            *end++ = lower(text[i]);
    *end = '\0';
    return text_unhex(text, digest, sizeof digest);
}

static bool is_printable(const char *text)
{
    for (const char *c = text; *c != '\0'; c++)
        if (*c <= ' ' || *c > '~')
            return false;
    return *text != '\0';
}

static bool make_address(char *text)
{
    struct network address;
    if (!network_parse_address(text, &address))
        return false;
    network_format(&address, text); /* no longer than the longest that can be parsed */
    return true;
}

/* The text is in CERTIFICATE_KEY_MAX bytes, and gets its one spelling there. */
static bool make(enum certificate_key kind, char *text)
{
    switch (kind) {
    case CERTIFICATE_KEY_SHA256:
        return make_sha256(text);
    case CERTIFICATE_KEY_DNS:
        return make_dns(text);
    case CERTIFICATE_KEY_URI:
        return is_printable(text) && strchr(text, ':') != NULL;
    case CERTIFICATE_KEY_EMAIL:
        return is_printable(text) && strchr(text, '@') != NULL;
    case CERTIFICATE_KEY_IP:
        return make_address(text);
    }
    return false;
}

bool certificate_key_put(struct buf *out, enum certificate_key kind, const char *bytes, size_t length)
{
    char text[CERTIFICATE_KEY_MAX];
    if (length >= sizeof text || memchr(bytes, '\0', length) != NULL)
        return false;
    memset(text, 0, sizeof text);
    memcpy(text, bytes, length);
    if (!make(kind, text))
        return false;
    buf_put(out, prefixes[kind]);
    buf_put_bytes(out, text, strlen(text) + 1);
    return true;
}

enum certificate_key certificate_key_kind(const char *text, const char **bytes)
{
    struct network address;
    for (size_t i = CERTIFICATE_KEY_DNS; i < COUNT(prefixes); i++)
        if (strncasecmp(text, prefixes[i], strlen(prefixes[i])) == 0) {
            *bytes = text + strlen(prefixes[i]);
            return (enum certificate_key)i;
        }
    *bytes = text;
    if (network_parse_address(text, &address))
        return CERTIFICATE_KEY_IP;
    if (strstr(text, "://") != NULL)
        return CERTIFICATE_KEY_URI;
    return strchr(text, '@') != NULL ? CERTIFICATE_KEY_EMAIL : CERTIFICATE_KEY_DNS;
}
