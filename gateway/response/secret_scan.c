#include "gateway/response/secret_scan.h"

#include "base/secret.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

enum {
    SECRET_SCAN_ROUNDS = 3, /* escapes within escapes: JSON in a URL in JSON */
    SECRET_SCAN_FORMS = 9,  /* itself; 1 and 2: hexadecimal; 3 to 5: base64 by alignment; 6 to 8: base64url */
    SECRET_SCAN_BASE64 = 3,
    /* two credentials of three secrets, and the signature */
    SECRET_SCAN_NEEDLES_MAX = 7 * SECRET_SCAN_FORMS,
    SECRET_SCAN_FILTER_BITS = 12, /* 63 needles leave 98 % of it empty */
    SECRET_SCAN_FILTER_WORDS = (1 << SECRET_SCAN_FILTER_BITS) / 64,
};

static const char base64_standard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char base64_url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* What is searched, or looked for; borrowed. */
struct bytes {
    const char *bytes;
    size_t length;
};

/* A secret in one of its forms.  The form is never written down: its characters are told one by one. */
struct needle {
    struct bytes secret;
    unsigned form;
    uint32_t head; /* its first four characters */
};

/* All that is looked for, in every form, so that an answer is read once for all of it: at each byte the next
 * four are looked up in a filter that knows how the needles begin, and only where it says so are they
 * compared. */
struct needles {
    struct needle items[SECRET_SCAN_NEEDLES_MAX];
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

/* How many bytes of a 3-byte group are before the secret. */
static size_t group_offset(unsigned form)
{
    return (form - SECRET_SCAN_BASE64) % 3;
}

/* The first base64 character that the secret alone determines, counted from the begin of its group. */
static size_t base64_first(unsigned form)
{
    return (group_offset(form) * 8 + 5) / 6;
}

static size_t form_length(unsigned form, size_t length)
{
    if (form < SECRET_SCAN_BASE64)
        return form == 0 ? length : 2 * length;
    return (group_offset(form) + length) * 8 / 6 - base64_first(form);
}

static char base64_char(const struct bytes *secret, unsigned form, size_t i)
{
    size_t bit = (base64_first(form) + i) * 6 - group_offset(form) * 8;
    unsigned pair = (unsigned)(unsigned char)secret->bytes[bit / 8] << 8;
    if (bit / 8 + 1 < secret->length)
        pair |= (unsigned char)secret->bytes[bit / 8 + 1];
    return (form < SECRET_SCAN_BASE64 + 3 ? base64_standard : base64_url)[pair >> (10 - bit % 8) & 63];
}

static char form_char(const struct bytes *secret, unsigned form, size_t i)
{
    static const char *const digits[] = {"", "0123456789abcdef", "0123456789ABCDEF"};
    if (form == 0)
        return secret->bytes[i];
    if (form >= SECRET_SCAN_BASE64)
        return base64_char(secret, form, i);
    unsigned char byte = (unsigned char)secret->bytes[i / 2];
    return digits[form][i % 2 == 0 ? byte >> 4 : byte & 15];
}

static void add_form(struct needles *needles, const struct bytes *secret, unsigned form)
{
    char head[sizeof(uint32_t)];
    for (size_t i = 0; i < sizeof head; i++)
        head[i] = form_char(secret, form, i);
    struct needle *needle = &needles->items[needles->count++];
    *needle = (struct needle){*secret, form, head_of(head)};
    unsigned bit = filter_bit(needle->head);
    needles->filter[bit / 64] |= UINT64_C(1) << bit % 64;
}

/* Every other form is longer than the secret by a third or more: most answers are too short for any. */
static void add_secret(struct needles *needles, const char *bytes, size_t length, size_t longest)
{
    const struct bytes secret = {bytes, length};
    unsigned forms = length * 4 / 3 - 1 > longest ? 1 : SECRET_SCAN_FORMS;
    if (length < SECRET_SCAN_MIN || length > longest)
        return;
    for (unsigned form = 0; form < forms; form++)
        if (needles->count < SECRET_SCAN_NEEDLES_MAX)
            add_form(needles, &secret, form);
}

static void add_credential(struct needles *needles, const struct config_credential *credential,
                           size_t longest)
{
    const struct secret *const secrets[] = {credential->id, credential->key, credential->token};
    for (size_t i = 0; i < COUNT(secrets); i++)
        if (secrets[i] != NULL)
            add_secret(needles, secret_bytes(secrets[i]), secret_length(secrets[i]), longest);
}

/* Each character is looked at, whatever those before it were. */
static bool is_form(const struct needle *needle, const char *bytes, size_t length)
{
    int differs = 0;
    size_t count = form_length(needle->form, needle->secret.length);
    if (count > length)
        return false;
    for (size_t i = 0; i < count; i++)
        differs |= bytes[i] ^ form_char(&needle->secret, needle->form, i);
    return differs == 0;
}

static bool is_needle(const struct needles *needles, uint32_t head, const char *bytes, size_t length)
{
    for (size_t i = 0; i < needles->count; i++)
        if (needles->items[i].head == head && is_form(&needles->items[i], bytes, length))
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

/* Of needles that are put together for this text alone. */
static bool search(struct needles *needles, const struct bytes *text)
{
    bool found = holds_any(needles, text) || holds_deeper(needles, *text);
    explicit_bzero(needles->items, needles->count * sizeof *needles->items);
    explicit_bzero(needles->filter, sizeof needles->filter);
    return found;
}

bool secret_scan_found(const char *bytes, size_t length, const struct config_credential *const both[2],
                       const char *signature)
{
    struct bytes text = {bytes, length};
    struct needles needles = {.count = 0};
    if (both[0] != NULL)
        add_credential(&needles, both[0], length);
    if (both[1] != NULL)
        add_credential(&needles, both[1], length);
    add_secret(&needles, signature, strlen(signature), length);
    return search(&needles, &text);
}

static bool holds_value(const char *text, const char *value)
{
    struct bytes view = {text, strlen(text)};
    struct needles needles = {.count = 0};
    if (strlen(value) < SECRET_SCAN_MIN)
        return true;
    add_secret(&needles, value, strlen(value), view.length);
    return search(&needles, &view);
}

bool secret_scan_repeats(const char *text, const struct call *call)
{
    for (size_t i = 0; i < call->param_count; i++)
        for (size_t j = 0; call_is_secret(&call->params[i]) && j < call->params[i].count; j++)
            if (holds_value(text, call->params[i].values[j]))
                return true;
    return false;
}
