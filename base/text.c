#include "base/text.h"

#include <string.h>

enum { TEXT_NAME_MAX = 64 };

static const char hex_lower[] = "0123456789abcdef";

/* Looked up for every character of a signed request and of a field's name. */
#define IS(c) [c] = true
static const bool alpha_or_digit[UINT8_MAX + 1] = {
    IS('0'), IS('1'), IS('2'), IS('3'), IS('4'), IS('5'), IS('6'), IS('7'), IS('8'), IS('9'), IS('A'),
    IS('B'), IS('C'), IS('D'), IS('E'), IS('F'), IS('G'), IS('H'), IS('I'), IS('J'), IS('K'), IS('L'),
    IS('M'), IS('N'), IS('O'), IS('P'), IS('Q'), IS('R'), IS('S'), IS('T'), IS('U'), IS('V'), IS('W'),
    IS('X'), IS('Y'), IS('Z'), IS('a'), IS('b'), IS('c'), IS('d'), IS('e'), IS('f'), IS('g'), IS('h'),
    IS('i'), IS('j'), IS('k'), IS('l'), IS('m'), IS('n'), IS('o'), IS('p'), IS('q'), IS('r'), IS('s'),
    IS('t'), IS('u'), IS('v'), IS('w'), IS('x'), IS('y'), IS('z')};
#undef IS

static bool is_alpha_or_digit(unsigned char c)
{
    return alpha_or_digit[c];
}

size_t text_utf8_length(const char *bytes, size_t left)
{
    const unsigned char *s = (const unsigned char *)bytes;
    if (s[0] < 0x80)
        return 1;
    size_t length = s[0] >= 0xF0 ? 4 : s[0] >= 0xE0 ? 3 : 2;
    if (s[0] < 0xC2 || s[0] > 0xF4 || length > left)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((s[i] & 0xC0) != 0x80)
            return 0;
    bool overlong = (s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xF0 && s[1] < 0x90);
    bool surrogate = s[0] == 0xED && s[1] > 0x9F;
    bool too_high = s[0] == 0xF4 && s[1] > 0x8F;
    return overlong || surrogate || too_high ? 0 : length;
}

/* Eight characters of ASCII begin here. */
static bool are_ascii(const char *bytes, size_t left)
{
    uint64_t eight = UINT64_MAX;
    if (left >= sizeof eight)
        memcpy(&eight, bytes, sizeof eight);
    return (eight & UINT64_C(0x8080808080808080)) == 0;
}

bool text_is_utf8(const char *bytes, size_t length)
{
    size_t step;
    for (size_t i = 0; i < length; i += step) {
        step = are_ascii(bytes + i, length - i) ? sizeof(uint64_t) : text_utf8_length(bytes + i, length - i);
        if (step == 0)
            return false;
    }
    return true;
}

bool text_has_control(const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)bytes[i] < 0x20 || bytes[i] == 0x7F)
            return true;
    return false;
}

bool text_is_token(const char *bytes, size_t length)
{
    static const bool others[UINT8_MAX + 1] = {
        ['!'] = true,  ['#'] = true, ['$'] = true, ['%'] = true, ['&'] = true,
        ['\''] = true, ['*'] = true, ['+'] = true, ['-'] = true, ['.'] = true,
        ['^'] = true,  ['_'] = true, ['`'] = true, ['|'] = true, ['~'] = true};
    for (size_t i = 0; i < length; i++)
        if (!is_alpha_or_digit((unsigned char)bytes[i]) && !others[(unsigned char)bytes[i]])
            return false;
    return length > 0;
}

bool text_is_name(const char *text)
{
    if (!is_alpha_or_digit((unsigned char)text[0]))
        return false;
    size_t length = 1;
    for (; text[length] != '\0'; length++)
        if (length == TEXT_NAME_MAX ||
            (!is_alpha_or_digit((unsigned char)text[length]) && strchr("-_.", text[length]) == NULL))
            return false;
    return true;
}

bool text_matches(const char *pattern, const char *text)
{
    const char *star = NULL;   /* the last star that we passed ...    */
    const char *resume = NULL; /* ... and where its run ends for now */
    while (*text != '\0') {
        if (*pattern == '*') {
            star = pattern++;
            resume = text;
        } else if (*pattern == *text) {
            pattern++;
            text++;
        } else if (star != NULL) {
            pattern = star + 1;
            text = ++resume;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

size_t text_unreserved_run(const char *bytes, size_t length)
{
    /* text_is_unreserved() of each byte */
    /* clang-format off */
    static const bool unreserved[256] = {
        ['-'] = 1, ['.'] = 1, ['_'] = 1, ['~'] = 1, ['0'] = 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
        ['A'] = 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
        ['a'] = 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    /* clang-format on */
    size_t run = 0;
    while (run < length && unreserved[(unsigned char)bytes[run]])
        run++;
    return run;
}

static const char two_digits[] =
    "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
    "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
    "8081828384858687888990919293949596979899";

void text_number(char out[TEXT_NUMBER_SIZE], long long number)
{
    char digits[TEXT_NUMBER_SIZE];
    size_t at = sizeof digits;
    unsigned long long rest = number < 0 ? 0 - (unsigned long long)number : (unsigned long long)number;
    digits[--at] = '\0';
    for (; rest >= 100; rest /= 100) { /* two at a time: a division costs more than the rest together */
        at -= 2;
        memcpy(digits + at, two_digits + 2 * (rest % 100), 2);
    }
    digits[--at] = (char)('0' + rest % 10);
    if (rest >= 10)
        digits[--at] = (char)('0' + rest / 10);
    if (number < 0)
        digits[--at] = '-';
    memcpy(out, digits + at, sizeof digits - at);
}

void text_thousands(char out[TEXT_NUMBER_SIZE], size_t number)
{
    char digits[TEXT_NUMBER_SIZE];
    size_t length = 0;
    text_number(digits, (long long)number);
    for (size_t i = 0; digits[i] != '\0'; i++) {
        out[length++] = digits[i];
        size_t left = strlen(digits + i + 1);
        if (left > 0 && left % 3 == 0)
            out[length++] = ',';
    }
    out[length] = '\0';
}

void text_hex(const unsigned char *bytes, size_t length, char *out)
{
    for (size_t i = 0; i < length; i++) {
        out[2 * i] = hex_lower[bytes[i] >> 4];
        out[2 * i + 1] = hex_lower[bytes[i] & 15];
    }
    out[2 * length] = '\0';
}

int text_hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool text_unhex(const char *hex, unsigned char *out, size_t length)
{
    if (strlen(hex) != 2 * length)
        return false;
    for (size_t i = 0; i < length; i++) {
        int high = text_hex_value(hex[2 * i]);
        int low = text_hex_value(hex[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (unsigned char)(high * 16 + low);
    }
    return true;
}
