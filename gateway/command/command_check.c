#include "gateway/audit/audit.h"
#include "gateway/command/command.h"
#include "gateway/openapi/openapi.h"
#include "gateway/upstream/back.h"

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

/* What serving needs beside the configuration: the CA files, the document of the routes, the audit file. */
static void try_parts(const struct config *config, struct report *report)
{
    struct err of_back = {0};
    struct err of_openapi = {0};
    struct err of_audit = {0};
    const atomic_bool abandoned = false;
    struct back *back = back_new(config, NULL, &abandoned, &of_back);
    struct openapi *openapi = openapi_new(config, &of_openapi);
    if (back == NULL)
        report_error(report, NULL, "%s", of_back.text);
    if (openapi == NULL)
        report_error(report, NULL, "%s", of_openapi.text);
    if (config->audit.file != NULL && audit_check(&config->audit, &of_audit) != 0)
        report_error(report, &config->audit.mark, "%s", of_audit.text);
    openapi_free(openapi);
    back_free(back);
}

static int check(const struct config *config, const char *path)
{
    struct report report;
    report_init(&report);
    try_parts(config, &report);
    bool good = report.error_count == 0;
    fputs(buf_text(&report.errors), stderr);
    report_done(&report);
    if (!good)
        return COMMAND_BAD_CONFIG;
    printf("%s: good (clients %u, tokens %zu, rules %zu, tests passed %zu, routes %zu, upstreams %zu)\n",
           path, HASH_COUNT(config->clients), config->tokens.count, config->rule_count, config->trial_count,
           config->route_count, config->upstream_count);
    return COMMAND_GOOD;
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
