#include "gateway/command.h"
#include "gateway/version.h"

#include <getopt.h>
#include <stdio.h>

static const char help[] = "Usage: countersign version\n"
                           "\n"
                           "Prints the version.\n";

int command_version(int argc, char **argv)
{
    const char *unused = NULL;
    int parsed = command_options(argc, argv, help, &unused);
    if (parsed != COMMAND_GOOD)
        return parsed < 0 ? COMMAND_GOOD : parsed;
    if (optind != argc)
        return command_usage("version", "it takes no operand");
    puts("countersign " VERSION_TEXT);
    return COMMAND_GOOD;
}
