#include "client/terminal.h"

#include "base/text.h"

#include <string.h>

/* The character that begins there, and how many bytes it has; 0: these bytes are not UTF-8. */
static size_t decode(const char *bytes, size_t length, unsigned *character)
{
    static const unsigned char marks[] = {0, 0, 0xC0, 0xE0, 0xF0};
    unsigned char head = (unsigned char)bytes[0];
    size_t size = head >= 0xF0 ? 4 : head >= 0xE0 ? 3 : head >= 0x80 ? 2 : 1;
    if (size > length || !text_is_utf8(bytes, size))
        return 0;
    *character = head & (unsigned)~marks[size];
    for (size_t i = 1; i < size; i++)
        *character = *character << 6 | ((unsigned char)bytes[i] & 0x3F);
    return size;
}

/* C0, DEL and C1; Bidi_Control of Unicode's PropList.txt; the separators of lines and paragraphs. */
static bool is_obeyed(unsigned character)
{
    return character < 0x20 || (character >= 0x7F && character <= 0x9F) || character == 0x061C ||
           character == 0x200E || character == 0x200F || (character >= 0x2028 && character <= 0x202E) ||
           (character >= 0x2066 && character <= 0x2069);
}

void terminal_put(struct buf *out, const char *bytes, size_t length)
{
    size_t size = 0;
    for (size_t i = 0; i < length; i += size) {
        unsigned character = 0;
        size = decode(bytes + i, length - i, &character);
        if (size == 0) {
            buf_put_format(out, "\\x%02x", (unsigned)(unsigned char)bytes[i]);
            size = 1;
        } else if (is_obeyed(character) && character != '\n' && character != '\t') {
            buf_put_format(out, "\\u%04x", character);
        } else {
            buf_put_bytes(out, bytes + i, size);
        }
    }
}

void terminal_put_plain(struct buf *out, const char *text)
{
    size_t length = strlen(text);
    size_t size = 0;
    for (size_t i = 0; i < length; i += size) {
        unsigned character = 0;
        size = decode(text + i, length - i, &character);
        if (size > 0 && !is_obeyed(character))
            buf_put_bytes(out, text + i, size);
        else
            buf_put_char(out, '?');
        size = size == 0 ? 1 : size;
    }
}
