#include "base/system/network.h"

#include <arpa/inet.h>
#include <string.h>

enum { LOOPBACK_NET = 127 };

static bool bit(const unsigned char bytes[16], unsigned index)
{
    return bytes[index / 8] >> (7 - index % 8) & 1;
}

/* RFC 4291 section 2.5.5.2: an IPv4 address within an IPv6 one. */
static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

bool network_parse_address(const char *text, struct network *address)
{
    memcpy(address->bytes, mapped, sizeof mapped);
    address->prefix = 128;
    return inet_pton(AF_INET, text, address->bytes + sizeof mapped) == 1 ||
           inet_pton(AF_INET6, text, address->bytes) == 1;
}

static const char unix_peer[] = "unix";

struct network network_unix(void)
{
    return (struct network){.prefix = 128};
}

bool network_parse_peer(const char *text, struct network *address)
{
    if (strcmp(text, unix_peer) != 0)
        return network_parse_address(text, address);
    *address = network_unix();
    return true;
}

/* "0" to "128"; false for anything else. */
static bool parse_prefix(const char *text, unsigned *prefix)
{
    size_t digits = strspn(text, "0123456789");
    *prefix = 0;
    for (size_t i = 0; i < digits && i < 3; i++)
        *prefix = *prefix * 10 + (unsigned)(text[i] - '0');
    return digits >= 1 && digits <= 3 && text[digits] == '\0' && (digits == 1 || text[0] != '0');
}

bool network_parse(const char *text, struct network *network)
{
    char address[INET6_ADDRSTRLEN];
    unsigned prefix = 0;
    size_t length = strcspn(text, "/");
    if (length >= sizeof address)
        return false;
    memcpy(address, text, length);
    address[length] = '\0';
    bool v4 = strchr(address, ':') == NULL;
    if (strcmp(text, unix_peer) == 0) {
        *network = network_unix();
        return true;
    }
    if (!network_parse_address(address, network))
        return false;
    if (text[length] == '\0')
        return true;
    if (!parse_prefix(text + length + 1, &prefix) || prefix > (v4 ? 32U : 128U))
        return false;
    network->prefix = v4 ? prefix + 96 : prefix;
    for (unsigned i = network->prefix; i < 128; i++)
        if (bit(network->bytes, i))
            return false;
    return true;
}

bool network_is_v4(const struct network *address)
{
    for (size_t i = 0; i < sizeof mapped; i++)
        if (address->bytes[i] != mapped[i])
            return false;
    return true;
}

/* ::1, or what stands for a Unix peer. */
static bool is_first(const struct network *address)
{
    const struct network zeros = {.prefix = 127};
    return network_contains(&zeros, address);
}

static bool is_unix(const struct network *address)
{
    return is_first(address) && address->bytes[15] == 0;
}

bool network_is_local(const struct network *address)
{
    return is_first(address) || (network_is_v4(address) && address->bytes[sizeof mapped] == LOOPBACK_NET);
}

struct network network_source(const struct network *address)
{
    struct network source = {.prefix = network_is_v4(address) || is_first(address) ? 128 : 64};
    memcpy(source.bytes, address->bytes, source.prefix / 8);
    return source;
}

/* The finalizer of splitmix64: every bit of the input changes half of the output. */
static uint64_t mix(uint64_t bits)
{
    bits = (bits ^ bits >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    bits = (bits ^ bits >> 27) * UINT64_C(0x94d049bb133111eb);
    return bits ^ bits >> 31;
}

uint64_t network_hash(const struct network *address, const uint64_t seed[2])
{
    uint64_t halves[2];
    memcpy(halves, address->bytes, sizeof halves);
    return mix(mix(halves[0] ^ seed[0]) + (halves[1] ^ seed[1]));
}

void network_format(const struct network *address, char *text)
{
    bool v4 = network_is_v4(address);
    text[0] = '\0'; /* inet_ntop() fails for want of room only */
    if (is_unix(address)) {
        memcpy(text, unix_peer, sizeof unix_peer);
        return;
    }
    (void)inet_ntop(v4 ? AF_INET : AF_INET6, address->bytes + (v4 ? sizeof mapped : 0), text,
                    NETWORK_TEXT_SIZE);
}

bool network_is_everything(const struct network *network)
{
    const struct network v4 = {.bytes = {[10] = 0xFF, [11] = 0xFF}, .prefix = 96};
    return network->prefix == 0 || (network->prefix <= v4.prefix && network_contains(network, &v4));
}

bool network_contains(const struct network *network, const struct network *address)
{
    unsigned whole = network->prefix / 8;
    for (unsigned i = 0; i < whole; i++)
        if (network->bytes[i] != address->bytes[i])
            return false;
    for (unsigned i = whole * 8; i < network->prefix; i++)
        if (bit(network->bytes, i) != bit(address->bytes, i))
            return false;
    return true;
}

bool network_is_same(const struct network *one, const struct network *other)
{
    return one->prefix == other->prefix && network_contains(one, other);
}
