#include "gateway/chain/hash_chain.h"

#include "base/digest.h"
#include "base/text.h"
#include "base/time/timestamp.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

static const char hash_key[] = ",\"hash\":\"";
static const char hmac_key[] = ",\"hmac\":\"";
static const char seq_key[] = "{\"seq\":";
static const char prev_key[] = ",\"prev\":\"";

enum {
    DIGEST = HASH_CHAIN_HEX / 2,
    HASH_END = sizeof hash_key - 1 + HASH_CHAIN_HEX + 2, /* ,"hash":"..."} */
    HMAC_END = sizeof hmac_key - 1 + HASH_CHAIN_HEX + 1, /* ,"hmac":"..."  */
    SEQ_DIGITS_MAX = 18,                                 /* fits 64 bits   */
};

void hash_chain_begin(struct hash_chain_head *head)
{
    head->seq = 0;
    memset(head->hash, '0', HASH_CHAIN_HEX);
    head->hash[HASH_CHAIN_HEX] = '\0';
}

int hash_chain_hash(const char *bytes, size_t length, char hex[HASH_CHAIN_HEX + 1])
{
    unsigned char digest[DIGEST_BYTES];
    if (digest_of(bytes, length, digest) != 0)
        return -1;
    text_hex(digest, sizeof digest, hex);
    return 0;
}

static int hmac_hex(const char *bytes, size_t length, const struct secret *key, char hex[HASH_CHAIN_HEX + 1])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    if (HMAC(EVP_sha256(), secret_bytes(key), (int)secret_length(key), (const unsigned char *)bytes, length,
             digest, &size) == NULL ||
        size != DIGEST)
        return -1;
    text_hex(digest, DIGEST, hex);
    return 0;
}

void hash_chain_open(struct buf *line, const struct hash_chain_head *head)
{
    buf_put_format(line, "%s%llu%s%s\"", seq_key, head->seq + 1, prev_key, head->hash);
}

int hash_chain_seal(struct buf *line, const struct secret *key, char mac[HASH_CHAIN_HEX + 1], struct err *err)
{
    if (line->failed || hmac_hex(buf_text(line), line->length, key, mac) != 0)
        return err_set(err, ERR_CRYPTO, "a seal cannot be made: memory is out, or OpenSSL failed");
    buf_put(line, hmac_key);
    buf_put(line, mac);
    buf_put_char(line, '"');
    return 0;
}

int hash_chain_close(struct buf *line, struct hash_chain_head *head, struct err *err)
{
    char hex[HASH_CHAIN_HEX + 1];
    if (!line->failed && hash_chain_hash(buf_text(line), line->length, hex) == 0) {
        buf_put(line, hash_key);
        buf_put(line, hex);
        buf_put(line, "\"}\n");
        if (!line->failed) {
            head->seq++;
            memcpy(head->hash, hex, sizeof hex);
            return 0;
        }
    }
    return err_set(err, ERR_LIMIT, "the record is longer than %d bytes, or memory is out",
                   HASH_CHAIN_LINE_MAX);
}

static bool is_hex(const char *text)
{
    return strspn(text, "0123456789abcdef") >= HASH_CHAIN_HEX;
}

static bool starts_with(const char *bytes, size_t length, const char *text)
{
    return length >= strlen(text) && strncmp(bytes, text, strlen(text)) == 0;
}

/* {"seq":N,"prev":"H" and how many bytes that are; 0: not so. */
static size_t read_front(const char *bytes, size_t length, struct hash_chain_line *line)
{
    size_t at = sizeof seq_key - 1;
    if (!starts_with(bytes, length, seq_key))
        return 0;
    line->head.seq = 0;
    for (size_t digits = 0; at < length && bytes[at] >= '0' && bytes[at] <= '9'; at++) {
        if (++digits > SEQ_DIGITS_MAX)
            return 0;
        line->head.seq = line->head.seq * 10 + (unsigned)(bytes[at] - '0');
    }
    if (!starts_with(bytes + at, length - at, prev_key))
        return 0;
    at += sizeof prev_key - 1;
    if (length - at <= HASH_CHAIN_HEX || bytes[at + HASH_CHAIN_HEX] != '"')
        return 0;
    memcpy(line->prev, bytes + at, HASH_CHAIN_HEX);
    line->prev[HASH_CHAIN_HEX] = '\0';
    return is_hex(line->prev) ? at + HASH_CHAIN_HEX + 1 : 0;
}

enum hash_chain_fit hash_chain_read(const char *bytes, size_t length, struct hash_chain_line *line)
{
    char hex[HASH_CHAIN_HEX + 1];
    size_t front = read_front(bytes, length, line);
    if (front == 0 || length < front + HASH_END)
        return HASH_CHAIN_FOREIGN;
    const char *end = bytes + length - HASH_END;
    if (!starts_with(end, HASH_END, hash_key) || bytes[length - 2] != '"' || bytes[length - 1] != '}')
        return HASH_CHAIN_FOREIGN;
    memcpy(line->head.hash, end + sizeof hash_key - 1, HASH_CHAIN_HEX);
    line->head.hash[HASH_CHAIN_HEX] = '\0';
    if (!is_hex(line->head.hash))
        return HASH_CHAIN_FOREIGN;
    if (hash_chain_hash(bytes, length - HASH_END, hex) != 0)
        return HASH_CHAIN_ALTERED;
    return strcmp(hex, line->head.hash) == 0 ? HASH_CHAIN_WHOLE : HASH_CHAIN_ALTERED;
}

/* Where the record's kind begins, behind its quote; 0: not so. */
static size_t find_kind(const char *bytes, size_t length)
{
    static const char key[] = ",\"audit\":\"";
    struct hash_chain_line line;
    size_t at = read_front(bytes, length, &line);
    return at == 0 || !starts_with(bytes + at, length - at, key) ? 0 : at + sizeof key - 1;
}

bool hash_chain_is(const char *bytes, size_t length, const char *kind)
{
    size_t at = find_kind(bytes, length);
    return at != 0 && starts_with(bytes + at, length - at, kind) && at + strlen(kind) < length &&
           bytes[at + strlen(kind)] == '"';
}

bool hash_chain_is_known(const char *bytes, size_t length, char *kind, size_t size)
{
    static const char *const kinds[] = {"intent",   "outcome", "seal", "open",   "settle",
                                        "operator", "freeze",  "thaw", "reload", "reload-refused"};
    for (size_t i = 0; i < COUNT(kinds); i++)
        if (hash_chain_is(bytes, length, kinds[i]))
            return true;
    size_t at = find_kind(bytes, length);
    size_t used = 0;
    while (at != 0 && kind != NULL && used + 1 < size && at + used < length && bytes[at + used] != '"') {
        kind[used] = bytes[at + used];
        used++;
    }
    if (kind != NULL)
        kind[used] = '\0';
    return false;
}

/* Where the time begins, behind its quote; 0: not so. */
static size_t find_time(const char *bytes, size_t length)
{
    static const char key[] = "\",\"time\":\"";
    size_t at = find_kind(bytes, length);
    while (at != 0 && at < length && ((bytes[at] >= 'a' && bytes[at] <= 'z') || bytes[at] == '-'))
        at++;
    if (at == 0 || !starts_with(bytes + at, length - at, key) ||
        length - at < sizeof key - 1 + TIMESTAMP_SIZE - 1)
        return 0;
    return at + sizeof key - 1;
}

bool hash_chain_time(const char *bytes, size_t length, int64_t *time)
{
    char plain[TIMESTAMP_SIZE];
    int64_t seconds = 0;
    size_t at = find_time(bytes, length);
    if (at == 0)
        return false;
    memcpy(plain, bytes + at, sizeof plain - 1);
    char *millis = plain + sizeof plain - sizeof ".000Z";
    if (millis[0] != '.' || millis[4] != 'Z' || strspn(millis + 1, "0123456789") < 3)
        return false;
    int64_t more = (millis[1] - '0') * 100 + (millis[2] - '0') * 10 + (millis[3] - '0');
    memcpy(millis, "Z", sizeof "Z");
    if (!timestamp_parse(plain, &seconds))
        return false;
    *time = seconds * 1000 + more;
    return true;
}

bool hash_chain_instance(const char *bytes, size_t length, char name[HASH_CHAIN_NAME + 1])
{
    static const char key[] = "\",\"instance\":\"";
    size_t at = find_time(bytes, length);
    if (at == 0 || !starts_with(bytes + at + TIMESTAMP_SIZE - 1, length - at - (TIMESTAMP_SIZE - 1), key))
        return false;
    at += TIMESTAMP_SIZE - 1 + sizeof key - 1;
    size_t used = 0;
    while (at + used < length && used < HASH_CHAIN_NAME && bytes[at + used] != '"')
        used++;
    memcpy(name, bytes + at, used);
    name[used] = '\0';
    return at + used < length && bytes[at + used] == '"' && text_is_name(name);
}

/* The digits of its HMAC; NULL: it has none. */
static const char *find_mac(const char *bytes, size_t length)
{
    if (length < HMAC_END + HASH_END)
        return NULL;
    const char *end = bytes + length - HASH_END - HMAC_END;
    return starts_with(end, HMAC_END, hmac_key) ? end + sizeof hmac_key - 1 : NULL;
}

bool hash_chain_mac(const char *bytes, size_t length, char mac[HASH_CHAIN_HEX + 1])
{
    const char *found = find_mac(bytes, length);
    if (found == NULL)
        return false;
    memcpy(mac, found, HASH_CHAIN_HEX);
    mac[HASH_CHAIN_HEX] = '\0';
    return true;
}

bool hash_chain_is_sealed(const char *bytes, size_t length, const struct secret *key)
{
    char hex[HASH_CHAIN_HEX + 1];
    const char *mac = find_mac(bytes, length);
    if (mac == NULL || hmac_hex(bytes, length - HASH_END - HMAC_END, key, hex) != 0)
        return false;
    return CRYPTO_memcmp(hex, mac, HASH_CHAIN_HEX) == 0;
}
