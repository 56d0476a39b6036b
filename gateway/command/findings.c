#include "gateway/command/findings.h"

#include "base/file.h"
#include "base/text.h"
#include "client/screen.h"
#include "client/terminal.h"

#include <ctype.h>
#include <jansson.h>
#include <string.h>

enum {
    FINDINGS_FILE_MAX = 16 * 1024 * 1024,
    FINDINGS_SHOWN = 100,     /* characters of a line, around its column */
    FINDINGS_BEFORE = 60,     /* of them before the column */
    FINDINGS_SECRET_MIN = 16, /* tokens and keys are as long, and have letters and digits */
    FINDINGS_SECRET_SHOWN = 4,
};

#define BOLD   "\033[1m"
#define RED    "\033[1;31m"
#define YELLOW "\033[1;33m"
#define PLAIN  "\033[0m"

static bool is_of_a_secret(char c)
{
    return isalnum((unsigned char)c) || (c != '\0' && strchr("+/=_-.~", c) != NULL);
}

/* One that is long and has letters and digits; names of things in the cloud are shorter. */
static bool is_secret(const char *word, size_t length)
{
    size_t digits = 0;
    size_t letters = 0;
    for (size_t i = 0; i < length; i++) {
        digits += isdigit((unsigned char)word[i]) != 0;
        letters += isalpha((unsigned char)word[i]) != 0;
    }
    return length >= FINDINGS_SECRET_MIN && digits > 0 && letters > 0;
}

/* In place, a star for each character, so that the columns stay. */
static void cover(char *line, size_t length)
{
    for (size_t i = 0; i < length;) {
        size_t end = i;
        while (end < length && is_of_a_secret(line[end]))
            end++;
        if (is_secret(line + i, end - i))
            memset(line + i + FINDINGS_SECRET_SHOWN, '*', end - i - FINDINGS_SECRET_SHOWN);
        i = end > i ? end : i + 1;
    }
    char *at = memchr(line, '@', length); /* a password in an url */
    char *url = strstr(line, "://");
    if (url != NULL && at != NULL && at > url + 3)
        memset(url + 3, '*', (size_t)(at - url - 3));
}

/* The line of that number, without its end; NULL: it has none. */
static const char *find_line(const struct buf *file, unsigned number, size_t *length)
{
    const char *at = buf_text(file);
    for (unsigned i = 1; i < number && at != NULL; i++) {
        at = strchr(at, '\n');
        at = at == NULL ? NULL : at + 1;
    }
    *length = at == NULL ? 0 : strcspn(at, "\r\n");
    return at == NULL || *length == 0 ? NULL : at;
}

static size_t skip(const char *text, size_t length, size_t characters)
{
    size_t at = 0;
    for (size_t i = 0; i < characters && at < length; i++) {
        size_t step = text_utf8_length(text + at, length - at);
        at += step == 0 ? 1 : step;
    }
    return at;
}

/* The part of the line around its column, and the caret below. */
static void put_excerpt(struct buf *out, const char *line, size_t length, unsigned column, const char *colour)
{
    struct buf covered;
    size_t first = column > FINDINGS_BEFORE ? column - FINDINGS_BEFORE : 0;
    buf_init(&covered, FINDINGS_FILE_MAX);
    char *copy = buf_extend(&covered, length);
    if (copy != NULL) {
        memcpy(copy, line, length);
        cover(copy, length);
        size_t begin = skip(copy, length, first);
        struct buf shown;
        buf_init(&shown, FINDINGS_FILE_MAX);
        buf_put_bytes(&shown, copy + begin, skip(copy + begin, length - begin, FINDINGS_SHOWN));
        buf_put(out, "  | ");
        terminal_put_plain(out, buf_text(&shown));
        buf_put_format(out, "\n  | %*s%s^%s\n", (int)(column - 1 - first), "", colour,
                       colour[0] == '\0' ? "" : PLAIN);
        buf_done(&shown);
    }
    buf_done(&covered);
}

static void put_place(struct buf *out, const json_t *finding, const char *colour)
{
    struct buf file;
    struct err err = {0};
    size_t length = 0;
    const char *name = json_string_value(json_object_get(finding, "file"));
    unsigned number = (unsigned)json_integer_value(json_object_get(finding, "line"));
    unsigned column = (unsigned)json_integer_value(json_object_get(finding, "column"));
    if (name == NULL || number == 0 || column == 0)
        return;
    buf_init(&file, FINDINGS_FILE_MAX);
    if (file_read(name, FILE_PLAIN, &file, &err) == 0) {
        const char *line = find_line(&file, number, &length);
        if (line != NULL && column <= length + 1)
            put_excerpt(out, line, length, column, colour);
    }
    buf_done(&file);
}

/* The place in front of a finding's sentence, bold. */
static void put_sentence(struct buf *out, const char *line, size_t length, bool placed, bool coloured)
{
    const char *end = placed && coloured ? strstr(line, ": ") : NULL;
    size_t place = end == NULL || end > line + length ? 0 : (size_t)(end - line) + 1;
    if (place > 0) {
        buf_put(out, BOLD);
        buf_put_bytes(out, line, place);
        buf_put(out, PLAIN);
    }
    buf_put_bytes(out, line + place, length - place);
    buf_put_char(out, '\n');
}

/* The report's lines of one kind, in the order of their elements: each line is one finding. */
static void put_lines(struct buf *out, const struct buf *lines, const json_t *list, bool errors,
                      bool coloured)
{
    size_t at = 0;
    for (const char *line = buf_text(lines); *line != '\0';) {
        size_t length = strcspn(line, "\n");
        const json_t *finding = NULL;
        while (at < json_array_size(list) && finding == NULL) {
            const json_t *item = json_array_get(list, at++);
            const char *severity = json_string_value(json_object_get(item, "severity"));
            if (severity != NULL && (strcmp(severity, "error") == 0) == errors)
                finding = item;
        }
        put_sentence(out, line, length, json_object_get(finding, "line") != NULL, coloured);
        put_place(out, finding, !coloured ? "" : errors ? RED : YELLOW);
        line += length + (line[length] == '\n');
    }
}

static json_t *read_list(const struct report *report)
{
    struct buf text;
    buf_init(&text, report->json.length + 8);
    buf_put_char(&text, '[');
    buf_put_bytes(&text, buf_text(&report->json), report->json.length);
    buf_put_char(&text, ']');
    json_t *list = json_loadb(buf_text(&text), text.length, 0, NULL);
    buf_done(&text);
    return list;
}

void findings_print(const struct report *report, FILE *stream)
{
    struct buf out;
    bool coloured = screen_has_colour(stream);
    json_t *list = read_list(report); /* NULL: lines without their places are better than none */
    buf_init(&out, FINDINGS_FILE_MAX);
    put_lines(&out, &report->errors, list, true, coloured);
    put_lines(&out, &report->warnings, list, false, coloured);
    fputs(buf_text(&out), stream);
    buf_done(&out);
    json_decref(list);
}

void findings_files(const struct report *report, void (*each)(void *context, const char *file), void *context)
{
    json_t *list = read_list(report);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *file = json_string_value(json_object_get(json_array_get(list, i), "file"));
        if (file != NULL)
            each(context, file);
    }
    json_decref(list);
}
