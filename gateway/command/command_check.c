#include "gateway/command/command.h"
#include "gateway/upstream/back.h"

#include <getopt.h>
#include <stdio.h>

static const char help[] = "Usage: countersign check [-c FILE]\n"
                           "\n"
                           "Reads the configuration, the policy that it names and the secrets, and says "
                           "everything that is wrong, each\n"
                           "with its file, line and column; then runs the policy's own tests.  Starts "
                           "nothing, connects to nothing.\n"
                           "\n"
                           "  -c, --config FILE   default " COMMAND_CONFIG_FILE "\n"
                           "\n"
                           "Exit: 0 good, 78 bad configuration, 2 wrong usage.\n";

int command_check(int argc, char **argv)
{
    const char *path = COMMAND_CONFIG_FILE;
    struct err err = {0};
    int parsed = command_options(argc, argv, help, &path);
    if (parsed != COMMAND_GOOD)
        return parsed < 0 ? COMMAND_GOOD : parsed;
    if (optind != argc)
        return command_usage("check", "it takes no operand");
    struct config *config = command_load(path);
    if (config == NULL)
        return COMMAND_BAD_CONFIG;
    const atomic_bool abandoned = false;
    struct back *back = back_new(config, NULL, SIZE_MAX, &abandoned, &err); /* reads the CA files */
    if (back == NULL)
        fprintf(stderr, "%s\n", err.text);
    else
        printf("%s: good (clients %u, tokens %zu, rules %zu, tests passed %zu, routes %zu, upstreams %zu)\n",
               path, HASH_COUNT(config->clients), config->tokens.count, config->rule_count,
               config->trial_count, config->route_count, config->upstream_count);
    int result = back == NULL ? COMMAND_BAD_CONFIG : COMMAND_GOOD;
    back_free(back);
    config_release(config);
    return result;
}
