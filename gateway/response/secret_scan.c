#include "gateway/response/secret_scan.h"

#include "base/buf.h"
#include "base/secret.h"
#include "base/text.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

enum {
    SECRET_SCAN_ROUNDS = 3, /* escapes within escapes: JSON in a URL in JSON */
    SECRET_SCAN_FORMS = 8,  /* beside the secret itself */
    /* two credentials of three secrets, and the signature */
    SECRET_SCAN_NEEDLES_MAX = 7 * (SECRET_SCAN_FORMS + 1),
    SECRET_SCAN_BYTES_MAX = 7 * 13 * SECRET_MAX, /* twice hexadecimal, six times base64, itself */
    SECRET_SCAN_FILTER_BITS = 12,                /* 63 needles leave 98 % of it empty */
    SECRET_SCAN_FILTER_WORDS = (1 << SECRET_SCAN_FILTER_BITS) / 64,
};

static const char base64_standard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char base64_url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* What is searched; borrowed. */
struct bytes {
    const char *bytes;
    size_t length;
};

/* All that is looked for, in every form, so that an answer is read once for all of it: at each byte the next
 * four are looked up in a filter that knows how the needles begin, and only where it says so are they
 * compared. */
struct needles {
    struct buf bytes; /* of all, one behind the other */
    struct {
        size_t start, length;
        uint32_t head; /* its first four bytes */
    } items[SECRET_SCAN_NEEDLES_MAX];
    size_t count;
    uint64_t filter[SECRET_SCAN_FILTER_WORDS];
};

static uint32_t head_of(const char *bytes)
{
    uint32_t head;
    memcpy(&head, bytes, sizeof head);
    return head;
}

static unsigned filter_bit(uint32_t head)
{
    return head * UINT32_C(2654435761) >> (32 - SECRET_SCAN_FILTER_BITS); /* Knuth's multiplicative hash */
}

static void put_hex(struct buf *out, const char *bytes, size_t length, const char *digits)
{
    for (size_t i = 0; i < length; i++) {
        buf_put_char(out, digits[(unsigned char)bytes[i] >> 4]);
        buf_put_char(out, digits[(unsigned char)bytes[i] & 15]);
    }
}

/* The base64 characters that these bytes alone determine, if they start at offset `before` (0 to 2) of a
 * 3-byte group. */
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

/* What has been put behind `start` is one more needle, unless it is too short to mean anything. */
static void end_needle(struct needles *needles, size_t start)
{
    size_t length = needles->bytes.length - start;
    if (length < SECRET_SCAN_MIN || needles->bytes.failed || needles->count == SECRET_SCAN_NEEDLES_MAX)
        return;
    uint32_t head = head_of(buf_text(&needles->bytes) + start);
    unsigned bit = filter_bit(head);
    needles->filter[bit / 64] |= UINT64_C(1) << bit % 64;
    needles->items[needles->count].head = head;
    needles->items[needles->count].start = start;
    needles->items[needles->count++].length = length;
}

/* Every other form is longer than the secret by a third or more: most answers are too short to hold one. */
static void add_secret(struct needles *needles, const char *bytes, size_t length, size_t longest)
{
    if (length < SECRET_SCAN_MIN || length > longest)
        return;
    size_t start = needles->bytes.length;
    buf_put_bytes(&needles->bytes, bytes, length);
    end_needle(needles, start);
    for (unsigned form = 0; form < SECRET_SCAN_FORMS && longest >= length * 4 / 3 - 1; form++) {
        start = needles->bytes.length;
        put_form(&needles->bytes, bytes, length, form);
        end_needle(needles, start);
    }
}

static void add_credential(struct needles *needles, const struct config_credential *credential,
                           size_t longest)
{
    const struct secret *const secrets[] = {credential->id, credential->key, credential->token};
    for (size_t i = 0; i < COUNT(secrets); i++)
        if (secrets[i] != NULL)
            add_secret(needles, secret_bytes(secrets[i]), secret_length(secrets[i]), longest);
}

static bool is_needle(const struct needles *needles, uint32_t head, const char *bytes, size_t length)
{
    for (size_t i = 0; i < needles->count; i++)
        if (needles->items[i].head == head && needles->items[i].length <= length &&
            CRYPTO_memcmp(bytes, buf_text(&needles->bytes) + needles->items[i].start,
                          needles->items[i].length) == 0)
            return true;
    return false;
}

static bool holds_any(const struct needles *needles, const struct bytes *text)
{
    for (size_t i = 0; i + SECRET_SCAN_MIN <= text->length; i++) {
        uint32_t head = head_of(text->bytes + i);
        unsigned bit = filter_bit(head);
        if ((needles->filter[bit / 64] >> bit % 64 & 1) != 0 &&
            is_needle(needles, head, text->bytes + i, text->length - i))
            return true;
    }
    return false;
}

/* %41, \u0041, \x: the bytes that it stands for go to *c.  How many characters it takes; 0: it is no
 * escape. */
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

/* One level of escapes less: how long it is then.  What it becomes is never longer, so `to` can be where it
 * stands. */
static size_t unescape(const struct bytes *text, char *to)
{
    size_t length = 0;
    for (size_t i = 0; i < text->length;) {
        size_t run = i;
        while (run < text->length && text->bytes[run] != '\\' && text->bytes[run] != '%')
            run++;
        memmove(to + length, text->bytes + i, run - i);
        length += run - i;
        i = run;
        if (i == text->length)
            break;
        char c = '\0';
        size_t used = read_escape(text->bytes + i, text->length - i, &c);
        to[length++] = used > 0 ? c : text->bytes[i];
        i += used > 0 ? used : 1;
    }
    return length;
}

static bool has_escapes(const struct bytes *text)
{
    return memchr(text->bytes, '\\', text->length) != NULL || memchr(text->bytes, '%', text->length) != NULL;
}

/* Behind its escapes, and those within them; in one copy. */
static bool holds_deeper(const struct needles *needles, struct bytes text)
{
    if (!has_escapes(&text))
        return false;
    size_t size = text.length;
    char *plain = malloc(size);
    bool found = plain == NULL;
    for (int round = 0; round < SECRET_SCAN_ROUNDS && !found && has_escapes(&text); round++) {
        size_t length = unescape(&text, plain);
        if (length == text.length)
            break; /* those were none */
        text = (struct bytes){plain, length};
        found = holds_any(needles, &text);
    }
    if (plain != NULL)
        explicit_bzero(plain, size);
    free(plain);
    return found;
}

bool secret_scan_found(const char *bytes, size_t length, const struct config_credential *const both[2],
                       const char *signature)
{
    struct bytes text = {bytes, length};
    struct needles needles = {.count = 0};
    buf_init(&needles.bytes, SECRET_SCAN_BYTES_MAX);
    if (both[0] != NULL)
        add_credential(&needles, both[0], length);
    if (both[1] != NULL)
        add_credential(&needles, both[1], length);
    add_secret(&needles, signature, strlen(signature), length);
    bool found = needles.bytes.failed || holds_any(&needles, &text) || holds_deeper(&needles, text);
    buf_done(&needles.bytes);
    explicit_bzero(needles.items, needles.count * sizeof *needles.items);
    explicit_bzero(needles.filter, sizeof needles.filter);
    return found;
}

static bool holds_value(const char *text, const char *value)
{
    struct bytes view = {text, strlen(text)};
    struct needles needles = {.count = 0};
    if (strlen(value) < SECRET_SCAN_MIN)
        return true;
    buf_init(&needles.bytes, SECRET_SCAN_BYTES_MAX);
    add_secret(&needles, value, strlen(value), view.length);
    bool found = needles.bytes.failed || holds_any(&needles, &view) || holds_deeper(&needles, view);
    buf_done(&needles.bytes);
    return found;
}

bool secret_scan_repeats(const char *text, const struct call *call)
{
    for (size_t i = 0; i < call->param_count; i++)
        for (size_t j = 0; call_is_secret(&call->params[i]) && j < call->params[i].count; j++)
            if (holds_value(text, call->params[i].values[j]))
                return true;
    return false;
}
