#include "gateway/command_policy/findings.h"

#include "base/file.h"
#include "base/text.h"
#include "gateway/options/screen.h"
#include "client/terminal.h"

#include <ctype.h>
#include <jansson.h>
#include <string.h>

enum {
    FINDINGS_FILE_MAX = 16 * 1024 * 1024,
    FINDINGS_SHOWN = 100,     /* characters of a line, around its column */
    FINDINGS_BEFORE = 60,     /* of them before the column */
    FINDINGS_SECRET_MIN = 16, /* tokens and keys are as long, and have letters and digits */
};

#define BOLD   "\033[1m"
#define RED    "\033[1;31m"
#define YELLOW "\033[1;33m"
#define PLAIN  "\033[0m"

static size_t skip(const char *text, size_t length, size_t characters)
{
    size_t at = 0;
    for (size_t i = 0; i < characters && at < length; i++) {
        size_t step = text_utf8_length(text + at, length - at);
        at += step == 0 ? 1 : step;
    }
    return at;
}

static bool ends_a_word(char c)
{
    return strchr(" \t{}[],\"'", c) != NULL; /* also NUL */
}

/* What stands in front of a colon says what is meant, and is shown, unless it is as long as a token and
 * has letters and digits, as one has. */
static bool is_key(const char *word, size_t length, char quote, const char *behind)
{
    size_t digits = 0;
    size_t letters = 0;
    for (size_t i = 0; i < length; i++) {
        digits += isdigit((unsigned char)word[i]) != 0;
        letters += isalpha((unsigned char)word[i]) != 0;
    }
    bool colon =
        quote == '\0' ? length > 1 && word[length - 1] == ':' : behind[0] == quote && behind[1] == ':';
    return colon && !(length >= FINDINGS_SECRET_MIN && digits > 0 && letters > 0);
}

static bool is_said(const char *word, size_t length, const char *sentence, size_t sentence_length)
{
    return memmem(sentence, sentence_length, word, length) != NULL;
}

/* Values are covered, since a policy or a catalog may hold what should not be there: a star for each
 * character, so that the columns stay.  Shown are keys, what the sentence says itself, and single signs
 * such as "-". */
static void put_covered(struct buf *out, const char *line, size_t length, const char *sentence,
                        size_t sentence_length)
{
    for (size_t i = 0; i < length;) {
        size_t end = i;
        while (end < length && !ends_a_word(line[end]))
            end++;
        char before = i == 0 ? '\0' : line[i - 1];
        char quote = before == '"' || before == '\'' ? before : '\0';
        if (end - i <= 1 || is_key(line + i, end - i, quote, line + end) ||
            is_said(line + i, end - i, sentence, sentence_length)) {
            end += end == i;
            buf_put_bytes(out, line + i, end - i);
        } else {
            for (size_t at = i; at < end; at += skip(line + at, end - at, 1))
                buf_put_char(out, '*');
        }
        i = end;
    }
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

/* The part of the line around its column, and the caret below. */
static void put_excerpt(struct buf *out, const struct buf *covered, unsigned column, const char *colour)
{
    struct buf shown;
    const char *line = buf_text(covered);
    size_t first = column > FINDINGS_BEFORE ? column - FINDINGS_BEFORE : 0;
    size_t begin = skip(line, covered->length, first);
    buf_init(&shown, FINDINGS_FILE_MAX);
    buf_put_bytes(&shown, line + begin, skip(line + begin, covered->length - begin, FINDINGS_SHOWN));
    buf_put(out, "  | ");
    terminal_put_plain(out, buf_text(&shown));
    buf_put_format(out, "\n  | %*s%s^%s\n", (int)(column - 1 - first), "", colour,
                   colour[0] == '\0' ? "" : PLAIN);
    buf_done(&shown);
}

static void put_place(struct buf *out, const json_t *finding, const char *sentence, size_t sentence_length,
                      const char *colour)
{
    struct buf file;
    struct buf covered;
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
        buf_init(&covered, FINDINGS_FILE_MAX);
        if (line != NULL && column <= length + 1) {
            put_covered(&covered, line, length, sentence, sentence_length);
            put_excerpt(out, &covered, column, colour);
        }
        buf_done(&covered);
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
        put_place(out, finding, line, length, !coloured ? "" : errors ? RED : YELLOW);
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
    fputs(out.failed ? buf_text(&report->errors) : buf_text(&out), stream);
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
