/* Command lines against a table of options: what is taken from each, and what is said of those that are
 * wrong. The expected ends are those of getopt_long(3) as its manual has them. */
#include "base/system/command_line.h"

#include "tests/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS = 8 };

struct taken {
    const char *file;
    const char *wait;
    bool waits;
    bool json;
    int count;
};

static int take_count(void *place, const char *text, struct err *err)
{
    int *count = place;
    if (strcmp(text, "many") == 0)
        return err_set(err, ERR_INPUT, "--count is not many");
    ++*count;
    return 0;
}

static int take_wait(void *place, const char *text, struct err *err)
{
    struct taken *taken = place;
    (void)err;
    taken->waits = true;
    taken->wait = text;
    return 0;
}

static const struct command_line_option options[] = {
    {.help = "What it reads"},
    {.value = "FILE_OF", .help = "the environment's, or"},
    {.name = "config",
     .letter = 'c',
     .value = "FILE",
     .help = "the\nfile",
     .at = offsetof(struct taken, file)},
    {.name = "count",
     .value = "N",
     .help = "how many",
     .at = offsetof(struct taken, count),
     .take = take_count},
    {.name = "wait", .value = "S", .value_may_lack = true, .help = "waits", .take = take_wait},
    {.help = ""},
    {.name = "json", .letter = 'j', .help = "for scripts", .at = offsetof(struct taken, json)},
};

static const struct command_line plain = {
    .usage = "Usage: it\n\n", .options = options, .count = COUNT(options), .notes = "\nExit: 0.\n"};
static const struct command_line mixed = {
    .part = "show", .usage = "Usage: it\n\n", .options = options, .count = COUNT(options), .mixed = true};
static const struct command_line none = {.usage = "Usage: it\n\n"};

/* clang-format off */
static const struct {
    const char *name;
    const struct command_line *line;
    const char *words[WORDS]; /* behind the command's name */
    enum command_line_end end;
    const char *shown; /* of what is taken, or what is said */
} rows[] = {
    {"nothing", &plain, {NULL}, COMMAND_LINE_GOOD, ""},
    {"operands", &plain, {"a", "b"}, COMMAND_LINE_GOOD, " a b"},
    {"a word behind it", &plain, {"--config", "f", "a"}, COMMAND_LINE_GOOD, "file f a"},
    {"with =", &plain, {"--config=f=g"}, COMMAND_LINE_GOOD, "file f=g"},
    {"empty", &plain, {"--config="}, COMMAND_LINE_GOOD, "file "},
    {"a letter", &plain, {"-c", "f"}, COMMAND_LINE_GOOD, "file f"},
    {"a letter, joined", &plain, {"-cf"}, COMMAND_LINE_GOOD, "file f"},
    {"letters together", &plain, {"-jcf"}, COMMAND_LINE_GOOD, "file f json"},
    {"the last counts", &plain, {"-c", "f", "--config=g"}, COMMAND_LINE_GOOD, "file g"},
    {"each is taken", &plain, {"--count", "1", "--count=2"}, COMMAND_LINE_GOOD, "count 2"},
    {"shortened", &plain, {"--con", "f", "--js"}, COMMAND_LINE_GOOD, "file f json"},
    {"too short", &plain, {"--co", "f"}, COMMAND_LINE_UNKNOWN, "there is no option --co"},
    {"a value that may lack", &plain, {"--wait", "3"}, COMMAND_LINE_GOOD, "wait (null) 3"},
    {"and does not", &plain, {"--wait=3"}, COMMAND_LINE_GOOD, "wait 3"},
    {"a value like an option", &plain, {"-c", "--json"}, COMMAND_LINE_GOOD, "file --json"},
    {"the end of the options", &plain, {"--json", "--", "--config", "f"}, COMMAND_LINE_GOOD,
     "json --config f"},
    {"a dash is an operand", &plain, {"-", "--json"}, COMMAND_LINE_GOOD, " - --json"},
    {"behind operands, not mixed", &plain, {"a", "--json"}, COMMAND_LINE_GOOD, " a --json"},
    {"behind operands", &mixed, {"a", "--json", "b"}, COMMAND_LINE_GOOD, "json a b"},
    {"not behind the end", &mixed, {"a", "--", "--json"}, COMMAND_LINE_GOOD, " a --json"},
    {"unknown", &plain, {"--nope", "f"}, COMMAND_LINE_UNKNOWN, "there is no option --nope"},
    {"unknown with a value", &plain, {"--nope=f"}, COMMAND_LINE_UNKNOWN, "there is no option --nope=f"},
    {"unknown in a part", &mixed, {"a", "--nope"}, COMMAND_LINE_UNKNOWN, "show has no option --nope"},
    {"an unknown letter", &plain, {"-x"}, COMMAND_LINE_UNKNOWN, "there is no option -x"},
    {"among others", &plain, {"--json", "-jxc"}, COMMAND_LINE_UNKNOWN, "there is no option -x"},
    {"a value too many", &plain, {"--json=1"}, COMMAND_LINE_UNKNOWN, "there is no option --json=1"},
    {"nothing is named like that", &plain, {"--=f"}, COMMAND_LINE_UNKNOWN, "there is no option --=f"},
    {"no value", &plain, {"--json", "--config"}, COMMAND_LINE_NO_VALUE, "--config needs a value"},
    {"no value of a letter", &plain, {"-c"}, COMMAND_LINE_NO_VALUE, "-c needs a value"},
    {"a wrong value", &plain, {"--count=many", "--nope"}, COMMAND_LINE_WRONG, "--count is not many"},
    {"help", &plain, {"--json", "--help", "--nope"}, COMMAND_LINE_HELP, ""},
    {"help by its letter", &plain, {"-h"}, COMMAND_LINE_HELP, ""},
    {"help with a value", &plain, {"--help=1"}, COMMAND_LINE_UNKNOWN, "there is no option --help=1"},
    {"the first that is wrong", &plain, {"--nope", "--help"}, COMMAND_LINE_UNKNOWN,
     "there is no option --nope"},
    {"no table", &none, {"a", "--json"}, COMMAND_LINE_GOOD, " a --json"},
    {"no table, an option", &none, {"--json"}, COMMAND_LINE_UNKNOWN, "there is no option --json"},
    {"no table, help", &none, {"--help"}, COMMAND_LINE_HELP, ""},
};
/* clang-format on */

static char *shown(const struct taken *taken, const struct command_line_operands *operands)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    assert_non_null(out);
    if (taken->file != NULL)
        fprintf(out, "file %s", taken->file);
    if (taken->count > 0)
        fprintf(out, "count %d", taken->count);
    if (taken->waits)
        fprintf(out, "wait %s", taken->wait == NULL ? "(null)" : taken->wait);
    if (taken->json)
        fprintf(out, taken->file == NULL ? "json" : " json");
    for (int i = 0; i < operands->count; i++)
        fprintf(out, " %s", operands->items[i]);
    assert_null(operands->items[operands->count]);
    assert_int_equal(fclose(out), 0);
    return text;
}

static void lines(void **state)
{
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct taken taken = {0};
        struct err err = {0};
        struct command_line_operands operands = {0};
        char *copies[WORDS + 2] = {strdup("it")};
        int argc = 1;
        for (; argc <= WORDS && rows[i].words[argc - 1] != NULL; argc++)
            copies[argc] = strdup(rows[i].words[argc - 1]);
        enum command_line_end end = command_line_read(rows[i].line, argc, copies, &taken, &operands, &err);
        char *got = end == COMMAND_LINE_GOOD ? shown(&taken, &operands) : strdup(err.text);
        wrong += unit_wrong(rows[i].name, end == rows[i].end);
        wrong += unit_differs(rows[i].name, rows[i].shown, got);
        free(got);
        for (int j = 0; j < argc; j++)
            free(copies[j]);
    }
    assert_int_equal(wrong, 0);
}

static const char expected[] = "Usage: it\n"
                               "\n"
                               "What it reads\n"
                               "  FILE_OF            the environment's, or\n"
                               "  -c, --config FILE  the\n"
                               "                     file\n"
                               "      --count N      how many\n"
                               "      --wait[=S]     waits\n"
                               "\n"
                               "  -j, --json         for scripts\n"
                               "  -h, --help         this text\n"
                               "\n"
                               "Exit: 0.\n";

static void help(void **state)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    (void)state;
    assert_non_null(out);
    command_line_print(&plain, out);
    assert_int_equal(fclose(out), 0);
    assert_string_equal(text, expected);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(lines), cmocka_unit_test(help)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
