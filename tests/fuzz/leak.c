/* A secret of the gateway in the middle of an upstream's answer, dressed up as the input says: in hexadecimal
 * or base64, then behind up to three rounds of escapes.  It must be found. */
#include "tests/fuzz/fuzz.h"

#include "base/buf.h"
#include "gateway/response/secret_scan.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

enum { LEAK_FUZZ_MAX = 4096, LEAK_TEXT_MAX = 1024 * 1024 };

static const char signature[] = "0EEm/HtGRr/VJXTAD9tYMth1Bzm3lLHz5RCDv1GdM8s=";
static const char *const secrets[] = {"AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA",
                                      "Gu5t9xGARNpq86cd98joQYCN3Cozk1qA", signature};

/* What is around it must not be taken for a part of an escape. */
static void put_noise(struct buf *out, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        buf_put_char(out, strchr("\\%", bytes[i]) == NULL ? (char)bytes[i] : '_');
}

static void put_base64(struct buf *out, const char *text, size_t before, bool url)
{
    char plain[128];
    unsigned char encoded[256];
    size_t length = strlen(text);
    memset(plain, '#', sizeof plain);
    memmove(plain + before, text, length);
    int count = EVP_EncodeBlock(encoded, (const unsigned char *)plain, (int)(before + length + 2));
    for (int i = 0; i < count; i++) {
        char c = (char)encoded[i];
        buf_put_char(out, !url ? c : c == '+' ? '-' : c == '/' ? '_' : c);
    }
}

static void put_dressed(struct buf *out, const char *text, unsigned form)
{
    if (form == 0)
        buf_put(out, text);
    else if (form < 3)
        for (const char *c = text; *c != '\0'; c++)
            buf_put_format(out, form == 1 ? "%02x" : "%02X", (unsigned char)*c);
    else
        put_base64(out, text, (form - 3) % 3, form >= 6);
}

/* Escapes every character, or where `sparse` every third. */
static void escape(struct buf *text, bool url, bool sparse)
{
    struct buf out;
    buf_init(&out, LEAK_TEXT_MAX);
    for (size_t i = 0; i < text->length; i++) {
        unsigned char c = (unsigned char)text->bytes[i];
        if (c != '%' && c != '\\' && sparse && i % 3 != 0)
            buf_put_char(&out, (char)c);
        else
            buf_put_format(&out, url ? "%%%02X" : "\\u%04x", c);
    }
    buf_done(text);
    *text = out;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct buf hidden, text;
    if (size < 4 || size > LEAK_FUZZ_MAX)
        return 0;
    size_t before = bytes[3] < size - 4 ? bytes[3] : size - 4;
    buf_init(&hidden, LEAK_TEXT_MAX);
    buf_init(&text, LEAK_TEXT_MAX);
    put_dressed(&hidden, secrets[bytes[0] % COUNT(secrets)], bytes[1] % 9);
    for (unsigned round = 0; round < (bytes[2] & 3u); round++)
        escape(&hidden, (bytes[2] >> (2 + round) & 1) != 0, (bytes[2] >> (5 + round) & 1) != 0);
    put_noise(&text, bytes + 4, before);
    buf_put_bytes(&text, buf_text(&hidden), hidden.length);
    put_noise(&text, bytes + 4 + before, size - 4 - before);
    FUZZ_MUST(!text.failed && !hidden.failed);
    const struct config_upstream *upstream = &fuzz_config()->upstreams[0];
    const struct config_credential *const both[] = {upstream->credential, upstream->fallback};
    FUZZ_MUST(secret_scan_found(buf_text(&text), text.length, both, signature));
    buf_done(&text);
    buf_done(&hidden);
    return 0;
}
