#include "sandbox/state/cidr.h"

#include <arpa/inet.h>
#include <string.h>

static uint32_t mask_of(int length)
{
    return length == 0 ? 0 : UINT32_MAX << (32 - length);
}

/* "0" to "32", without a zero before it. */
static bool read_length(const char *text, int *out)
{
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 2 || text[digits] != '\0' || (digits == 2 && text[0] == '0'))
        return false;
    *out = digits == 1 ? text[0] - '0' : (text[0] - '0') * 10 + text[1] - '0';
    return *out <= 32;
}

bool cidr_parse(const char *text, struct cidr *out)
{
    char host[INET_ADDRSTRLEN] = "";
    struct in_addr address;
    const char *slash = strchr(text, '/');
    if (slash == NULL || (size_t)(slash - text) >= sizeof host || !read_length(slash + 1, &out->length))
        return false;
    memcpy(host, text, (size_t)(slash - text));
    if (inet_pton(AF_INET, host, &address) != 1)
        return false;
    out->base = ntohl(address.s_addr);
    return (out->base & ~mask_of(out->length)) == 0;
}

bool cidr_holds(const struct cidr *outer, const struct cidr *inner)
{
    return inner->length >= outer->length && (inner->base & mask_of(outer->length)) == outer->base;
}

bool cidr_is_private(const struct cidr *cidr)
{
    static const struct cidr private_ones[] = {{0x0a000000, 8}, {0xac100000, 12}, {0xc0a80000, 16}};
    for (size_t i = 0; i < COUNT(private_ones); i++)
        if (cidr_holds(&private_ones[i], cidr))
            return true;
    return false;
}

int64_t cidr_size(const struct cidr *cidr)
{
    return (int64_t)1 << (32 - cidr->length);
}
