#include "gateway/command/command.h"
#include "gateway/service/serve.h"
#include "gateway/upstream/upstream_pool.h"

#include <getopt.h>
#include <stdio.h>

static const char help[] =
    "Usage: countersign serve [-c FILE]\n"
    "\n"
    "Takes plain JSON requests, checks each against the policy, signs it and forwards it to the cloud.\n"
    "One JSON line per request goes to standard output, everything else to standard error.\n"
    "\n"
    "  -c, --config FILE   default " COMMAND_CONFIG_FILE "\n"
    "\n"
    "SIGHUP reads the configuration again; a bad one changes nothing.  SIGUSR1 only opens the audit file\n"
    "again.\n"
    "SIGTERM or SIGINT serves on for a moment (grace), finishes what is in flight (drain) and ends; a "
    "second\n"
    "one ends at once.\n"
    "\n"
    "Exit: 0 ended by a signal, 1 failed, 2 wrong usage, 78 bad configuration.\n";

int command_serve(int argc, char **argv)
{
    const char *path = COMMAND_CONFIG_FILE;
    struct err err = {0};
    int parsed = command_options(argc, argv, help, &path);
    if (parsed != COMMAND_GOOD)
        return parsed < 0 ? COMMAND_GOOD : parsed;
    if (optind != argc)
        return command_usage("serve", "it takes no operand");
    if (serve_harden(&err) != 0) {
        fprintf(stderr, "countersign: %s\n", err.text);
        return COMMAND_FAILED;
    }
    struct config *config = command_load(path);
    if (config == NULL)
        return COMMAND_BAD_CONFIG;
    if (serve_run(path, config, &err) != 0) {
        fprintf(stderr, "countersign: %s\n", err.text);
        return COMMAND_FAILED;
    }
    return COMMAND_GOOD;
}
