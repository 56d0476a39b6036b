#include "gateway/back.h"
#include "gateway/command.h"

#include <getopt.h>
#include <stdio.h>

static const char help[] =
    "Usage: countersign check [-c FILE] [--running FILE]\n"
    "\n"
    "Reads the configuration, the policy that it names and the secrets, and says "
    "everything that is wrong, each\n"
    "with its file, line and column; then runs the policy's own tests.  Starts "
    "nothing, connects to nothing.\n"
    "\n"
    "  -c, --config FILE   default " COMMAND_CONFIG_FILE "\n"
    "  --running FILE      what the gateway runs with: says which changes a reload would\n"
    "                      leave for a restart\n"
    "\n"
    "Exit: 0 good, 78 bad configuration, 2 wrong usage.\n";

struct check_options {
    const char *path;
    const char *running; /* or NULL */
};

static int read_options(int argc, char **argv, struct check_options *out)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"running", required_argument, NULL, 'r'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    int option;
    opterr = 0;
    while ((option = getopt_long(argc, argv, "+:c:h", options, NULL)) != -1) {
        if (option == 'c')
            out->path = optarg;
        else if (option == 'r')
            out->running = optarg;
        else if (option == ':')
            return command_usage("check", "%s needs a value", argv[optind - 1]);
        else if (option == '?')
            return command_usage("check", "there is no option %s", argv[optind - 1]);
        else {
            fputs(help, stdout);
            return -1;
        }
    }
    return optind == argc ? COMMAND_GOOD : command_usage("check", "it takes no operand");
}

static struct config *load(const struct check_options *options)
{
    struct config *running = NULL;
    if (options->running != NULL && (running = command_load(options->running, NULL)) == NULL)
        return NULL;
    struct config *config = command_load(options->path, running);
    config_release(running);
    return config;
}

static int check(const struct config *config, const char *path)
{
    struct err err = {0};
    const atomic_bool abandoned = false;
    struct back *back = back_new(config, NULL, &abandoned, &err); /* reads the CA files */
    if (back == NULL)
        fprintf(stderr, "%s\n", err.text);
    else
        printf("%s: good (clients %u, tokens %zu, rules %zu, tests passed %zu, routes %zu, upstreams %zu)\n",
               path, HASH_COUNT(config->clients), config->tokens.count, config->rule_count,
               config->trial_count, config->route_count, config->upstream_count);
    int result = back == NULL ? COMMAND_BAD_CONFIG : COMMAND_GOOD;
    back_free(back);
    return result;
}

int command_check(int argc, char **argv)
{
    struct check_options options = {.path = COMMAND_CONFIG_FILE};
    int parsed = read_options(argc, argv, &options);
    if (parsed != COMMAND_GOOD)
        return parsed < 0 ? COMMAND_GOOD : parsed;
    struct config *config = load(&options);
    if (config == NULL)
        return COMMAND_BAD_CONFIG;
    int result = check(config, options.path);
    config_release(config);
    return result;
}
