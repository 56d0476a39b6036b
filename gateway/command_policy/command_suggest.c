#include "gateway/options/command.h"
#include "gateway/dryrun/suggestions.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "Usage: countersign suggest --log FILE [--times N]\n"
    "\n"
    "Reads past access lines or an audit file (FILE, or - for standard input), and prints the narrowest "
    "rules\n"
    "for what was used, or denied again and again, as YAML to copy into a policy.  Needs no secret and no\n"
    "countersign.yaml.  `countersign replay` says what they would change.\n"
    "\n";

static const char notes[] =
    "\n"
    "Exit: 0 there are rules, 1 not one call was judged, or the file cannot be read,\n"
    "2 wrong usage.\n";

enum { SUGGEST_MAX = 256 * 1024 * 1024, SUGGEST_TIMES_MAX = 1000000 };

struct suggest {
    const char *log;
    unsigned long long times;
};

static int take_times(void *place, const char *text, struct err *err)
{
    unsigned long long *times = place;
    char *end = NULL;
    *times = strtoull(text, &end, 10);
    if (text[0] < '1' || text[0] > '9' || *end != '\0' || *times > SUGGEST_TIMES_MAX)
        return err_set(err, ERR_INPUT, "--times takes a number from 1 to %d", SUGGEST_TIMES_MAX);
    return 0;
}

static const struct command_line_option options[] = {
    {.name = "log",
     .value = "FILE",
     .help = "what `countersign serve` wrote",
     .at = offsetof(struct suggest, log)},
    {.name = "times",
     .value = "N",
     .help = "so often denied is repeatedly; default 3",
     .at = offsetof(struct suggest, times),
     .take = take_times},
};

static const struct command_line command_line = {
    .usage = usage, .options = options, .count = COUNT(options), .notes = notes};

static int read_options(int argc, char **argv, struct suggest *out)
{
    struct command_line_operands operands;
    int parsed = command_options("suggest", &command_line, argc, argv, out, &operands);
    if (parsed != COMMAND_GOOD)
        return parsed;
    if (out->log == NULL || operands.count > 0)
        return command_usage("suggest", "it needs --log FILE");
    return COMMAND_GOOD;
}

static unsigned long long see_all(struct suggestions *suggestions, FILE *log)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t length;
    unsigned long long judged = 0;
    while ((length = getline(&line, &room, log)) > 0)
        judged += suggestions_see(suggestions, line, (size_t)length - (line[length - 1] == '\n'));
    free(line);
    return judged;
}

static int print_rules(const struct suggestions *suggestions, unsigned long long times)
{
    struct buf out;
    buf_init(&out, SUGGEST_MAX);
    (void)suggestions_put(suggestions, times, &out);
    bool good = !out.failed && fwrite(buf_text(&out), 1, out.length, stdout) == out.length;
    buf_done(&out);
    if (!good)
        fputs("countersign suggest: out of memory, or the rules cannot be written\n", stderr);
    return good ? COMMAND_GOOD : COMMAND_FAILED;
}

static int suggest(const struct suggest *given, struct suggestions *suggestions)
{
    bool standard_input = strcmp(given->log, "-") == 0;
    FILE *log = standard_input ? stdin : fopen(given->log, "re");
    if (log == NULL) {
        fprintf(stderr, "countersign suggest: cannot read '%s': %s\n", given->log, strerror(errno));
        return COMMAND_FAILED;
    }
    unsigned long long judged = see_all(suggestions, log);
    bool unread = feof(log) == 0; /* an error, or a line for which there is no memory */
    if (!standard_input)
        (void)fclose(log); /* only read from */
    if (unread)
        fprintf(stderr, "countersign suggest: '%s' could not be read to its end, or memory is out\n",
                given->log);
    else if (suggestions_failed(suggestions))
        fputs("countersign suggest: out of memory: rules that lack a condition are not printed\n", stderr);
    else if (judged == 0)
        fputs(
            "countersign suggest: not one call was judged: is it what `countersign serve` wrote, or an audit "
            "file?\n",
            stderr);
    else
        return print_rules(suggestions, given->times);
    return COMMAND_FAILED;
}

int command_suggest(int argc, char **argv)
{
    struct suggest given = {.times = SUGGESTIONS_TIMES};
    int parsed = read_options(argc, argv, &given);
    if (parsed != COMMAND_GOOD)
        return parsed < 0 ? COMMAND_GOOD : parsed;
    struct suggestions *suggestions = suggestions_new();
    int result = COMMAND_FAILED;
    if (suggestions == NULL)
        fputs("countersign suggest: out of memory\n", stderr);
    else
        result = suggest(&given, suggestions);
    suggestions_free(suggestions);
    return result;
}
