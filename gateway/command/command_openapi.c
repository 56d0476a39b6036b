#include "base/clock.h"
#include "config/load/config_load.h"
#include "gateway/command/command.h"
#include "gateway/openapi/openapi.h"

#include <getopt.h>
#include <stdio.h>

static const char help[] =
    "Usage: countersign openapi [-c FILE | [--policy FILE] [--catalog FILE]...] [--client NAME]\n"
    "\n"
    "Prints the routes as an OpenAPI 3.1 document: with a configuration those that this gateway serves, "
    "without\n"
    "one all that ship and those of the catalogs, in both generations of the API.  A running gateway gives "
    "each\n"
    "caller its own at /openapi.json: only what the token may call.\n"
    "\n"
    "  -c, --config FILE   the configuration, with the catalogs that it names\n"
    "      --policy FILE   instead: a policy alone; no countersign.yaml, no secret\n"
    "      --catalog FILE  routes of your own, as in countersign.yaml\n"
    "      --client NAME   only what that client of the policy may call\n"
    "\n"
    "Example:  countersign openapi -c /etc/countersign/countersign.yaml > openapi.json\n"
    "\n"
    "Exit: 0 good, 1 failed, 2 wrong usage, 78 bad configuration.\n";

static int read_options(int argc, char **argv, struct command_source *source, const char **client)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},  {"policy", required_argument, NULL, 'p'},
        {"catalog", required_argument, NULL, 'k'}, {"client", required_argument, NULL, 'n'},
        {"help", no_argument, NULL, 'h'},          {NULL, 0, NULL, 0}};
    int option;
    opterr = 0;
    optind = 1;
    while ((option = getopt_long(argc, argv, "+:c:h", options, NULL)) != -1) {
        if (command_source_option("openapi", source, option, optarg) == COMMAND_USAGE)
            return COMMAND_USAGE;
        if (option == 'n')
            *client = optarg;
        else if (option == ':')
            return command_usage("openapi", "%s needs a value", argv[optind - 1]);
        else if (option == '?')
            return command_usage("openapi", "there is no option %s", argv[optind - 1]);
        else if (option == 'h') {
            fputs(help, stdout);
            return -1;
        }
    }
    if (optind != argc)
        return command_usage("openapi", "it takes no operand");
    if (source->config != NULL && (source->policy != NULL || source->catalog_count > 0))
        return command_usage("openapi", "-c names its policy and catalogs itself");
    if (*client != NULL && source->config == NULL && source->policy == NULL)
        return command_usage("openapi", "--client needs a policy");
    return COMMAND_GOOD;
}

static struct config *load(const struct command_source *source)
{
    struct report report;
    if (source->config != NULL)
        return command_load_from(source);
    report_init(&report);
    struct config *config = config_load_policy(source->policy, source->catalogs, source->catalog_count, NULL,
                                               clock_wall_ms() / 1000, &report);
    fputs(buf_text(&report.errors), stderr);
    report_done(&report);
    return config;
}

static int print(const struct config *config, const char *name)
{
    struct buf out;
    struct config_client *client = NULL;
    struct openapi_view view = {.config = config, .now = clock_wall_ms() / 1000};
    if (name != NULL)
        HASH_FIND_STR(config->clients, name, client);
    view.client = client;
    if (name != NULL && client == NULL) {
        fprintf(stderr, "countersign openapi: there is no client '%s'\n", name);
        return COMMAND_FAILED;
    }
    if (!network_parse_address("127.0.0.1", &view.source))
        return COMMAND_FAILED; /* cannot happen */
    buf_init(&out, OPENAPI_MAX);
    openapi_put(&out, &view);
    int result = out.failed ? COMMAND_FAILED : COMMAND_GOOD;
    if (out.failed)
        fprintf(stderr, "countersign openapi: the document would have more than %d bytes\n", OPENAPI_MAX);
    else
        fwrite(out.bytes, 1, out.length, stdout); /* main() looks whether it arrived */
    buf_done(&out);
    return result;
}

int command_openapi(int argc, char **argv)
{
    struct command_source source = {0};
    const char *client = NULL;
    int parsed = read_options(argc, argv, &source, &client);
    if (parsed != COMMAND_GOOD)
        return parsed < 0 ? COMMAND_GOOD : parsed;
    struct config *config = load(&source);
    if (config == NULL)
        return COMMAND_BAD_CONFIG;
    int result = print(config, client);
    config_release(config);
    return result;
}
