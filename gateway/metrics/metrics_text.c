#include "gateway/metrics/metrics_text.h"

#include <stdlib.h>
#include <string.h>

enum { METRICS_TEXT_VALUE = 64 }; /* of a label that a sum looks at */

/* Behind the closing brace, which may stand in a value, too. */
static const char *skip_labels(const char *at)
{
    bool quoted = false;
    for (; *at != '\0' && *at != '\n' && (quoted || *at != '}'); at++) {
        if (quoted && *at == '\\' && at[1] != '\0')
            at++;
        else if (*at == '"')
            quoted = !quoted;
    }
    return at;
}

static bool read_line(const char *line, struct metrics_text_sample *sample)
{
    char *end = NULL;
    size_t name = strcspn(line, "{ \n");
    const char *at = line + name;
    *sample = (struct metrics_text_sample){.name = line, .name_length = name, .labels = ""};
    if (name == 0 || line[0] == '#')
        return false;
    if (*at == '{') {
        const char *close = skip_labels(at + 1);
        if (*close != '}')
            return false;
        sample->labels = at + 1;
        sample->labels_length = (size_t)(close - at - 1);
        at = close + 1;
    }
    if (*at != ' ')
        return false;
    sample->value = strtod(at + 1, &end);
    return end != at + 1;
}

bool metrics_text_next(const char **at, struct metrics_text_sample *sample)
{
    while (**at != '\0') {
        const char *line = *at;
        size_t length = strcspn(line, "\n");
        *at += length + (line[length] == '\n');
        if (read_line(line, sample))
            return true;
    }
    return false;
}

bool metrics_text_is(const struct metrics_text_sample *sample, const char *name)
{
    return strlen(name) == sample->name_length && strncmp(sample->name, name, sample->name_length) == 0;
}

/* The value that begins behind its quotation mark; returns what follows the closing one. */
static const char *read_value(const char *at, const char *end, char *value, size_t size)
{
    size_t used = 0;
    for (; at < end && *at != '"'; at++) {
        char c = *at;
        if (c == '\\' && at + 1 < end) {
            at++;
            c = *at == 'n' ? '\n' : *at;
        }
        if (used + 1 < size)
            value[used++] = c;
    }
    value[used] = '\0';
    return at < end ? at + 1 : end;
}

bool metrics_text_label(const struct metrics_text_sample *sample, const char *name, char *value, size_t size)
{
    const char *at = sample->labels;
    const char *end = at + sample->labels_length;
    while (at < end) {
        const char *equals = memchr(at, '=', (size_t)(end - at));
        if (equals == NULL || end - equals < 2)
            break;
        bool wanted = strlen(name) == (size_t)(equals - at) && strncmp(at, name, strlen(name)) == 0;
        at = read_value(equals + 2, end, value, size);
        if (wanted)
            return true;
        at += at < end && *at == ',';
    }
    value[0] = '\0';
    return false;
}

double metrics_text_sum(const char *text, const char *name, const char *label, const char *value)
{
    struct metrics_text_sample sample;
    char has[METRICS_TEXT_VALUE];
    double sum = 0;
    while (metrics_text_next(&text, &sample))
        if (metrics_text_is(&sample, name) &&
            (label == NULL ||
             (metrics_text_label(&sample, label, has, sizeof has) && strcmp(has, value) == 0)))
            sum += sample.value;
    return sum;
}
