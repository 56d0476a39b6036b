#include "base/version.h"
#include "config/reader/keyword.h"
#include "gateway/audit/hash_chain.h"
#include "gateway/dryrun/policy_replay.h"
#include "gateway/command/command.h"

#include <getopt.h>
#include <stdio.h>

static const char help[] = "Usage: countersign version [--verbose | --formats]\n"
                           "\n"
                           "Prints the version.\n"
                           "\n"
                           "  -v, --verbose  and the compiler and packages that it was built with\n"
                           "      --formats  and the versions of what it writes and reads\n";

static void print_formats(void)
{
    printf("configuration %d\naudit %d\nlog %d\n", KEYWORD_VERSION, HASH_CHAIN_FORMAT, POLICY_REPLAY_FORMAT);
}

int command_version(int argc, char **argv)
{
    static const struct option options[] = {{"verbose", no_argument, NULL, 'v'},
                                            {"formats", no_argument, NULL, 'f'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    bool verbose = false;
    bool formats = false;
    int option;
    opterr = 0;
    optind = 1;
    while ((option = getopt_long(argc, argv, "+vh", options, NULL)) != -1) {
        if (option == 'h') {
            fputs(help, stdout);
            return COMMAND_GOOD;
        }
        if (option != 'v' && option != 'f')
            return command_usage("version", "there is no option %s", argv[optind - 1]);
        verbose = verbose || option == 'v';
        formats = formats || option == 'f';
    }
    if (optind != argc)
        return command_usage("version", "it takes no operand");
    puts("countersign " VERSION_TEXT);
    if (formats)
        print_formats();
    if (verbose)
        fputs("built with\n" VERSION_MATERIALS, stdout);
    return COMMAND_GOOD;
}
