#include "base/version.h"
#include "config/reader/keyword.h"
#include "gateway/chain/hash_chain.h"
#include "gateway/dryrun/policy_replay.h"
#include "gateway/options/command.h"

#include <stdio.h>

static const char usage[] = "Usage: countersign version [--verbose | --formats]\n"
                            "\n"
                            "Prints the version.\n"
                            "\n";

struct version_options {
    bool verbose;
    bool formats;
};

static const struct command_line_option options[] = {
    {.name = "verbose",
     .letter = 'v',
     .help = "and the compiler and packages that it was built with",
     .at = offsetof(struct version_options, verbose)},
    {.name = "formats",
     .help = "and the versions of what it writes and reads",
     .at = offsetof(struct version_options, formats)},
};

static const struct command_line command_line = {.usage = usage, .options = options, .count = COUNT(options)};

static void print_formats(void)
{
    printf("configuration %d\naudit %d\nlog %d\n", KEYWORD_VERSION, HASH_CHAIN_FORMAT, POLICY_REPLAY_FORMAT);
}

int command_version(int argc, char **argv)
{
    struct version_options given = {0};
    struct command_line_operands operands;
    int parsed = command_options("version", &command_line, argc, argv, &given, &operands);
    if (parsed != COMMAND_GOOD)
        return parsed < 0 ? COMMAND_GOOD : parsed;
    if (operands.count > 0)
        return command_usage("version", "it takes no operand");
    puts("countersign " VERSION_TEXT);
    if (given.formats)
        print_formats();
    if (given.verbose)
        fputs("built with\n" VERSION_MATERIALS, stdout);
    return COMMAND_GOOD;
}
