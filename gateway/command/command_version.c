#include "base/version.h"
#include "gateway/command/command.h"

#include <getopt.h>
#include <stdio.h>

static const char help[] = "Usage: countersign version [--verbose]\n"
                           "\n"
                           "Prints the version.\n"
                           "\n"
                           "  -v, --verbose  and the compiler and packages that it was built with\n";

int command_version(int argc, char **argv)
{
    static const struct option options[] = {
        {"verbose", no_argument, NULL, 'v'}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    bool verbose = false;
    int option;
    opterr = 0;
    optind = 1;
    while ((option = getopt_long(argc, argv, "+vh", options, NULL)) != -1) {
        if (option == 'h') {
            fputs(help, stdout);
            return COMMAND_GOOD;
        }
        if (option != 'v')
            return command_usage("version", "there is no option %s", argv[optind - 1]);
        verbose = true;
    }
    if (optind != argc)
        return command_usage("version", "it takes no operand");
    puts("countersign " VERSION_TEXT);
    if (verbose)
        fputs("built with\n" VERSION_MATERIALS, stdout);
    return COMMAND_GOOD;
}
