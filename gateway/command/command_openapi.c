#include "config/load/config_load.h"
#include "gateway/command/command.h"
#include "gateway/openapi/openapi.h"

#include <getopt.h>
#include <stdio.h>

static const char help[] =
    "Usage: countersign openapi [-c FILE]\n"
    "\n"
    "Prints the routes as an OpenAPI 3.1 document: with a configuration those that this gateway serves, "
    "without\n"
    "one all that ship, in both generations of the API.  A running gateway gives each caller its own at\n"
    "/openapi.json: only what the token may call.\n"
    "\n"
    "  -c, --config FILE   the configuration, with the catalogs that it names\n"
    "\n"
    "Example:  countersign openapi -c /etc/countersign/countersign.yaml > openapi.json\n"
    "\n"
    "Exit: 0 good, 1 failed, 2 wrong usage, 78 bad configuration.\n";

static struct config *load(const char *path)
{
    struct report report;
    if (path != NULL)
        return command_load(path);
    report_init(&report);
    struct config *config = config_load_catalog(&report);
    fputs(buf_text(&report.errors), stderr);
    report_done(&report);
    return config;
}

int command_openapi(int argc, char **argv)
{
    struct buf out;
    const char *path = NULL;
    int parsed = command_options(argc, argv, help, &path);
    if (parsed != COMMAND_GOOD)
        return parsed < 0 ? COMMAND_GOOD : parsed;
    if (optind != argc)
        return command_usage("openapi", "it takes no operand");
    struct config *config = load(path);
    if (config == NULL)
        return COMMAND_BAD_CONFIG;
    buf_init(&out, OPENAPI_MAX);
    openapi_put(&out, &(struct openapi_view){.config = config});
    int result = out.failed ? COMMAND_FAILED : COMMAND_GOOD;
    if (out.failed)
        fprintf(stderr, "countersign openapi: the document would have more than %d bytes\n", OPENAPI_MAX);
    else
        fwrite(out.bytes, 1, out.length, stdout); /* main() looks whether it arrived */
    buf_done(&out);
    config_release(config);
    return result;
}
