#include "gateway/request/client_address.h"

#include <string.h>
#include <strings.h>

enum { NODE_SIZE = NETWORK_TEXT_SIZE + sizeof "[]:65535" };

static bool is_trusted(const struct network *trusted, size_t count, const struct network *address)
{
    for (size_t i = 0; i < count; i++)
        if (network_contains(&trusted[i], address))
            return true;
    return false;
}

/* An address, also with a port, which some proxies append: "192.0.2.1:80", "[2001:db8::1]:80",
 * "[2001:db8::1]". */
static bool parse_node(char *text, struct network *address)
{
    bool bracketed = text[0] == '[';
    char *end = bracketed ? strchr(text, ']') : strchr(text, ':');
    if (!bracketed && (end == NULL || strchr(end + 1, ':') != NULL))
        return network_parse_address(text, address);
    if (end == NULL)
        return false;
    const char *port = bracketed ? end + 1 : end;
    bool good = (*port == ':' && port[1] != '\0' && port[1 + strspn(port + 1, "0123456789")] == '\0') ||
                (bracketed && *port == '\0');
    *end = '\0';
    return good && (strchr(text, ':') != NULL) == bracketed &&
           network_parse_address(text + bracketed, address);
}

/* No host has the unspecified address, and it is what stands for peers on a Unix socket. */
static bool is_some_host(const struct network *address)
{
    const struct network nobody = network_unix();
    return !network_is_same(address, &nobody);
}

/* The element that ends at `*end`, without the blanks around it; `*end` moves in front of it, -1 when it was
 * the first. */
static bool cut_address(const char *list, ptrdiff_t *end, struct network *address)
{
    char text[NODE_SIZE];
    ptrdiff_t last = *end;
    ptrdiff_t first;
    while (last > 0 && (list[last - 1] == ' ' || list[last - 1] == '\t'))
        last--;
    for (first = last; first > 0 && list[first - 1] != ','; first--)
        continue;
    *end = first - 1;
    while (first < last && (list[first] == ' ' || list[first] == '\t'))
        first++;
    size_t length = (size_t)(last - first);
    if (length == 0 || length >= sizeof text)
        return false;
    memcpy(text, list + first, length);
    text[length] = '\0';
    return parse_node(text, address) && is_some_host(address);
}

enum client_address client_address_find(const struct request_head *head, const struct network *trusted,
                                        size_t count, struct network *address)
{
    enum client_address found = CLIENT_ADDRESS_PEER;
    for (size_t i = head->field_count; i > 0; i--) {
        const struct request_field *field = &head->fields[i - 1];
        ptrdiff_t end = (ptrdiff_t)strlen(field->value);
        if (strcasecmp(field->name, "X-Forwarded-For") != 0)
            continue;
        while (end >= 0 && is_trusted(trusted, count, address)) {
            struct network next;
            if (!cut_address(field->value, &end, &next))
                return CLIENT_ADDRESS_UNREADABLE;
            *address = next;
            found = CLIENT_ADDRESS_FORWARDED;
        }
    }
    return found;
}
