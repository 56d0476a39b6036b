#include "gateway/web/form.h"

#include "base/text.h"

#include <string.h>

/* One octet from `*at`, which moves behind it; -1: a percent sign without two hex digits. */
static int decode(const char **at)
{
    const char *c = *at;
    *at += 1;
    if (*c == '+')
        return ' ';
    if (*c != '%')
        return (unsigned char)*c;
    int high = text_hex_value(c[1]);
    int low = high < 0 ? -1 : text_hex_value(c[2]);
    *at += 2;
    return low < 0 ? -1 : high << 4 | low;
}

static bool is_shown(int octet)
{
    return octet == '\n' || octet == '\r' || octet == '\t' || (octet >= 0x20 && octet != 0x7F);
}

static bool read_value(const char *at, const char *end, char *value, size_t size)
{
    size_t used = 0;
    while (at < end) {
        int octet = *at == '%' && end - at < 3 ? -1 : decode(&at);
        if (octet < 0 || !is_shown(octet) || used + 1 >= size)
            return false;
        value[used++] = (char)octet;
    }
    value[used] = '\0';
    return text_is_utf8(value, used);
}

bool form_value(const char *text, const char *name, char *value, size_t size)
{
    size_t length = strlen(name);
    for (const char *at = text; at != NULL && *at != '\0';) {
        const char *end = at + strcspn(at, "&");
        if (strncmp(at, name, length) == 0 && at[length] == '=') {
            if (read_value(at + length + 1, end, value, size))
                return true;
            break;
        }
        at = *end == '&' ? end + 1 : end;
    }
    value[0] = '\0';
    return false;
}
