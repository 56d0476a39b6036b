#include "gateway/leak.h"

#include "base/buf.h"
#include "base/secret.h"
#include "base/text.h"

#include <string.h>

enum { LEAK_ROUNDS = 3 }; /* escapes within escapes: JSON in a URL in JSON */

static const char base64_standard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char base64_url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* What is searched; borrowed. */
struct view {
    const char *bytes;
    size_t length;
};

static bool holds(const struct view *text, const char *bytes, size_t length)
{
    return length >= LEAK_MIN && memmem(text->bytes, text->length, bytes, length) != NULL;
}

static void put_hex(struct buf *out, const char *bytes, size_t length, const char *digits)
{
    for (size_t i = 0; i < length; i++) {
        buf_put_char(out, digits[(unsigned char)bytes[i] >> 4]);
        buf_put_char(out, digits[(unsigned char)bytes[i] & 15]);
    }
}

/* The characters that the bytes alone decide when `before` others (0 to 2) of their group come first. */
static void put_base64(struct buf *out, const char *bytes, size_t length, size_t before, const char *alphabet)
{
    size_t first = (before * 8 + 5) / 6;
    size_t end = (before + length) * 8 / 6;
    for (size_t i = first; i < end; i++) {
        size_t bit = i * 6 - before * 8;
        unsigned pair = (unsigned)(unsigned char)bytes[bit / 8] << 8;
        if (bit / 8 + 1 < length)
            pair |= (unsigned char)bytes[bit / 8 + 1];
        buf_put_char(out, alphabet[pair >> (10 - bit % 8) & 63]);
    }
}

/* `form`: 0 and 1 hexadecimal, 2 to 4 base64 by alignment, 5 to 7 base64url. */
static void put_form(struct buf *out, const char *bytes, size_t length, unsigned form)
{
    if (form < 2)
        put_hex(out, bytes, length, form == 0 ? "0123456789abcdef" : "0123456789ABCDEF");
    else
        put_base64(out, bytes, length, (form - 2) % 3, form < 5 ? base64_standard : base64_url);
}

/* Every other form is longer than the secret by a third or more: most answers are too short to hold one. */
static bool holds_some_form(const struct view *text, const char *bytes, size_t length)
{
    struct buf other;
    bool found = holds(text, bytes, length);
    if (found || length < LEAK_MIN || text->length < length * 4 / 3 - 1)
        return found;
    buf_init(&other, length * 2);
    for (unsigned form = 0; form < 8 && !found; form++) {
        buf_reset(&other);
        put_form(&other, bytes, length, form);
        found = other.failed || holds(text, buf_text(&other), other.length);
    }
    buf_done(&other);
    return found;
}

static bool holds_credential(const struct view *text, const struct config_credential *credential)
{
    const struct secret *const secrets[] = {credential->id, credential->key, credential->token};
    for (size_t i = 0; i < COUNT(secrets); i++)
        if (secrets[i] != NULL && holds_some_form(text, secret_bytes(secrets[i]), secret_length(secrets[i])))
            return true;
    return false;
}

/* %41, \u0041, \x: the bytes that it stands for go to *c.  How many characters it takes; 0: it is no escape.
 */
static size_t read_escape(const char *at, size_t length, char *c)
{
    unsigned char byte = 0;
    char hex[3] = {0};
    if (at[0] == '%' && length > 2) {
        memcpy(hex, at + 1, 2);
        *c = text_unhex(hex, &byte, 1) ? (char)byte : '\0';
        return *c == '\0' ? 0 : 3;
    }
    if (at[0] != '\\' || length < 2)
        return 0;
    if (at[1] == 'u' && length > 5 && at[2] == '0' && at[3] == '0') {
        memcpy(hex, at + 4, 2);
        if (text_unhex(hex, &byte, 1) && byte != 0) {
            *c = (char)byte;
            return 6;
        }
    }
    *c = at[1];
    return 2;
}

/* One level of escapes less: true when there was one. */
static bool unescape(const struct view *text, struct buf *out)
{
    bool changed = false;
    if (memchr(text->bytes, '\\', text->length) == NULL && memchr(text->bytes, '%', text->length) == NULL)
        return false;
    buf_init(out, text->length);
    for (size_t i = 0; i < text->length;) {
        char c = text->bytes[i];
        size_t used = read_escape(text->bytes + i, text->length - i, &c);
        changed = changed || used > 0;
        buf_put_char(out, c);
        i += used > 0 ? used : 1;
    }
    return changed;
}

static bool holds_secret(const struct view *text, const struct config_upstream *upstream,
                         const char *signature)
{
    return holds_credential(text, upstream->credential) ||
           (upstream->spare != NULL && holds_credential(text, upstream->spare)) ||
           holds_some_form(text, signature, strlen(signature));
}

bool leak_found(const char *bytes, size_t length, const struct config_upstream *upstream,
                const char *signature)
{
    struct buf plain[LEAK_ROUNDS] = {{0}};
    struct view text = {bytes, length};
    bool found = holds_secret(&text, upstream, signature);
    for (int round = 0; round < LEAK_ROUNDS && !found && unescape(&text, &plain[round]); round++) {
        text = (struct view){buf_text(&plain[round]), plain[round].length};
        found = plain[round].failed || holds_secret(&text, upstream, signature);
    }
    for (int round = 0; round < LEAK_ROUNDS; round++)
        buf_done(&plain[round]);
    return found;
}
