/* What the log writes of any bytes: one JSON string on one line, which a parser that is not ours reads back
 * as what was meant, and which a terminal shows as it is. */
#include "tests/fuzz/fuzz.h"

#include "base/json/json.h"
#include "base/text.h"

#include <jansson.h>
#include <string.h>

enum { ESCAPE_MAX = 16 * 1024 * 1024 };

/* Unicode's controls and what turns text around must be escaped; no byte below 0x20, no DEL. */
static void must_be_harmless(const char *text, size_t length)
{
    static const char *const treacherous[] = {"\xE2\x80\xA8", "\xE2\x80\xA9", "\xE2\x80\xAE", "\xE2\x80\xAD",
                                              "\xE2\x80\x8F", "\xE2\x80\x8B", "\xE2\x81\xA6", "\xE2\x81\xA9",
                                              "\xC2\x80",     "\xC2\x9B",     "\xD8\x9C"};
    for (size_t i = 0; i < length; i++)
        FUZZ_MUST((unsigned char)text[i] >= 0x20 && text[i] != 0x7F);
    for (size_t i = 0; i < length; i++)
        for (size_t k = 0; (unsigned char)text[i] >= 0xC2 && k < COUNT(treacherous); k++)
            FUZZ_MUST(strncmp(text + i, treacherous[k], strlen(treacherous[k])) != 0);
}

/* Another way to find well-formed UTF-8: decode by hand, one code point after the other. */
static bool decodes(const uint8_t *s, size_t size)
{
    for (size_t i = 0; i < size;) {
        unsigned extra = s[i] < 0x80   ? 0
                         : s[i] < 0xC0 ? 9
                         : s[i] < 0xE0 ? 1
                         : s[i] < 0xF0 ? 2
                         : s[i] < 0xF8 ? 3
                                       : 9;
        uint32_t point = extra == 0 ? s[i] : s[i] & (0x3Fu >> extra);
        if (extra == 9 || i + extra >= size)
            return false;
        for (unsigned k = 1; k <= extra; k++) {
            if ((s[i + k] & 0xC0) != 0x80)
                return false;
            point = point << 6 | (s[i + k] & 0x3Fu);
        }
        if (point < (uint32_t[]){0, 0x80, 0x800, 0x10000}[extra] || point > 0x10FFFF ||
            (point >= 0xD800 && point <= 0xDFFF))
            return false;
        i += extra + 1;
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct buf line;
    buf_init(&line, ESCAPE_MAX);
    json_put_string(&line, (const char *)bytes, size);
    FUZZ_MUST(!line.failed && line.length >= 2);
    must_be_harmless(line.bytes, line.length);
    json_t *back = json_loadb(line.bytes, line.length, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    FUZZ_MUST(json_is_string(back));
    bool good = decodes(bytes, size);
    FUZZ_MUST(good == text_is_utf8((const char *)bytes, size));
    size_t length = json_string_length(back);
    const uint8_t *text = (const uint8_t *)json_string_value(back);
    FUZZ_MUST(decodes(text, length));
    bool same = length == size;
    for (size_t i = 0; i < size && same; i++)
        same = text[i] == bytes[i];
    FUZZ_MUST(good == same); /* what was not text is told by U+FFFD */
    json_decref(back);
    buf_done(&line);
    return 0;
}
