#include "base/system/command_line.h"

#include <ctype.h>
#include <getopt.h>
#include <string.h>

/* What getopt_long() gives for a long option: its row from 1 on, and below every letter. */
enum { HELP_VALUE = COMMAND_LINE_OPTIONS_MAX + 1 };

static const struct command_line_option help_row = {.name = "help", .letter = 'h', .help = "this text"};

/* ---- reading ---- */

struct known {
    struct option options[COMMAND_LINE_OPTIONS_MAX + 2];
    char letters[2 * COMMAND_LINE_OPTIONS_MAX + 4]; /* getopt()'s word for the short ones */
};

static void put_letter(struct known *known, char letter, bool value)
{
    size_t length = strlen(known->letters);
    known->letters[length] = letter;
    known->letters[length + 1] = value ? ':' : '\0';
}

static void learn(const struct command_line *line, struct known *known)
{
    struct option *next = known->options;
    put_letter(known, line->mixed ? ':' : '+', !line->mixed);
    for (size_t i = 0; i < line->count && i < COMMAND_LINE_OPTIONS_MAX; i++) {
        const struct command_line_option *row = &line->options[i];
        int value = row->value == NULL    ? no_argument
                    : row->value_may_lack ? optional_argument
                                          : required_argument;
        if (row->name != NULL)
            *next++ = (struct option){row->name, value, NULL, (int)i + 1};
        if (row->letter != '\0')
            put_letter(known, row->letter, row->value != NULL);
    }
    *next = (struct option){help_row.name, no_argument, NULL, HELP_VALUE};
    put_letter(known, help_row.letter, false);
}

static const struct command_line_option *find(const struct command_line *line, int option)
{
    if (option <= COMMAND_LINE_OPTIONS_MAX)
        return &line->options[option - 1];
    for (size_t i = 0; i < line->count; i++)
        if (line->options[i].letter == option)
            return &line->options[i];
    return &help_row;
}

static int take(const struct command_line_option *row, void *into, char *value, struct err *err)
{
    char *place = (char *)into + row->at;
    const bool given = true;
    if (row->take != NULL)
        return row->take(place, value, err);
    if (row->value != NULL)
        memcpy(place, &value, sizeof value);
    else
        memcpy(place, &given, sizeof given);
    return 0;
}

/* Of "-xyz" it is the letter that is unknown, of anything else the word. */
static enum command_line_end refuse(const struct command_line *line, char **argv, struct err *err)
{
    const char letter[] = {'-', (char)optopt, '\0'};
    const char *word = optopt > HELP_VALUE && isgraph(optopt) ? letter : argv[optind - 1];
    if (line->part == NULL)
        (void)err_set(err, ERR_INPUT, "there is no option %.200s", word);
    else
        (void)err_set(err, ERR_INPUT, "%s has no option %.200s", line->part, word);
    return COMMAND_LINE_UNKNOWN;
}

enum command_line_end command_line_read(const struct command_line *line, int argc, char **argv, void *into,
                                        struct command_line_operands *operands, struct err *err)
{
    struct known known = {.letters = ""};
    int option;
    learn(line, &known);
    opterr = 0;
    optind = 0; /* from the first word on, whatever was read before */
    while ((option = getopt_long(argc, argv, known.letters, known.options, NULL)) != -1) {
        if (option == ':') {
            (void)err_set(err, ERR_INPUT, "%.200s needs a value", argv[optind - 1]);
            return COMMAND_LINE_NO_VALUE;
        }
        if (option == '?')
            return refuse(line, argv, err);
        if (option == HELP_VALUE || option == help_row.letter)
            return COMMAND_LINE_HELP;
        if (take(find(line, option), into, optarg, err) != 0)
            return COMMAND_LINE_WRONG;
    }
    *operands = (struct command_line_operands){argv + optind, argc - optind};
    return COMMAND_LINE_GOOD;
}

/* ---- the help ---- */

enum { LEFT_MAX = 64, LEFT_GAP = 2 };

/* "  -c, --config FILE" */
static size_t format_left(const struct command_line_option *row, char left[LEFT_MAX])
{
    const char letter[] = {'-', row->letter, ',', ' ', '\0'};
    const char *value = row->value == NULL ? "" : row->value;
    int length = row->name == NULL
                     ? snprintf(left, LEFT_MAX, "  %s", value)
                     : snprintf(left, LEFT_MAX, row->value_may_lack ? "  %s--%s[=%s]" : "  %s--%s %s",
                                row->letter == '\0' ? "    " : letter, row->name, value);
    while (length > 0 && left[length - 1] == ' ')
        left[--length] = '\0';
    return (size_t)length;
}

static void print_row(const struct command_line_option *row, size_t column, FILE *out)
{
    char left[LEFT_MAX];
    if (row->name == NULL && row->value == NULL) {
        fprintf(out, "%s\n", row->help);
        return;
    }
    (void)format_left(row, left);
    fprintf(out, "%-*s", (int)column, left);
    for (const char *text = row->help; text != NULL;) {
        const char *end = strchr(text, '\n');
        fprintf(out, "%.*s\n", (int)(end == NULL ? strlen(text) : (size_t)(end - text)), text);
        text = end == NULL ? NULL : end + 1;
        if (text != NULL)
            fprintf(out, "%*s", (int)column, "");
    }
}

void command_line_print(const struct command_line *line, FILE *out)
{
    char left[LEFT_MAX];
    size_t column = format_left(&help_row, left);
    for (size_t i = 0; i < line->count; i++) {
        size_t length = format_left(&line->options[i], left);
        column = length > column ? length : column;
    }
    fputs(line->usage, out);
    for (size_t i = 0; i < line->count; i++)
        print_row(&line->options[i], column + LEFT_GAP, out);
    print_row(&help_row, column + LEFT_GAP, out);
    fputs(line->notes == NULL ? "" : line->notes, out);
}
