#include "client/client.h"
#include "gateway/options/command.h"
#include "gateway/upstream/upstream_conn.h"
#include "sandbox/command/sandbox.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *summary;
} commands[] = {
    {"serve", command_serve, "run the gateway"},
    {"check", command_check, "say everything that is wrong with a configuration"},
    {"status", command_status, "say whether a gateway is healthy, what is wrong, and what to do"},
    {"top", command_top, "show what a gateway is doing, live"},
    {"token", command_token, "make a caller's token, or hash one"},
    {"explain", command_explain, "show how the policy decides about a request, and why"},
    {"replay", command_replay, "show what another policy would have decided about past calls"},
    {"suggest", command_suggest, "propose the narrowest rules for what past calls did"},
    {"diff", command_diff, "show who may do more, and who less, by another policy"},
    {"audit", command_audit, "verify an audit file, or show what was changed"},
    {"freeze", command_freeze, "stop a client on all gateways, at once"},
    {"thaw", command_freeze_thaw, "end a freeze"},
    {"freezes", command_freeze_list, "list what is frozen"},
    {"sign", command_sign, "show what would be signed for a request, and its signature"},
    {"call", client_main, "send one request to a gateway, and wait for its end"},
    {"definitions", command_definitions, "show what actions the cloud has, or import them"},
    {"openapi", command_openapi, "print the routes as an OpenAPI document"},
    {"sandbox", sandbox_main, "run a local upstream that verifies signatures"},
    {"version", command_version, "print the version"},
};

static void print_help(FILE *out)
{
    fputs(
        "Countersign stands between your teams and your cloud account: callers send plain JSON with a local\n"
        "token, a policy decides, and the gateway signs with credentials that only it holds.\n"
        "\n"
        "Usage: countersign COMMAND [OPTION...]\n"
        "\n",
        out);
    for (size_t i = 0; i < COUNT(commands); i++)
        fprintf(out, "  %-11s %s\n", commands[i].name, commands[i].summary);
    fputs("\n`countersign COMMAND --help` tells more.  Exit: 0 good, 1 failed or denied, 2 wrong usage,\n"
          "78 bad configuration.\n",
          out);
}

static int run(int argc, char **argv)
{
    for (size_t i = 0; i < COUNT(commands); i++)
        if (strcmp(commands[i].name, argv[1]) == 0)
            return commands[i].run(argc - 1, argv + 1);
    fprintf(stderr, "countersign: there is no command '%s' (see: countersign --help)\n", argv[1]);
    return COMMAND_USAGE;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        print_help(stderr);
        return COMMAND_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_help(stdout);
        return COMMAND_GOOD;
    }
    if (upstream_conn_global_init() != 0) {
        fputs("countersign: libcurl cannot be initialised\n", stderr);
        return COMMAND_FAILED;
    }
    int result = run(argc, argv);
    upstream_conn_global_done();
    if (fflush(stdout) != 0 && result == COMMAND_GOOD)
        result = COMMAND_FAILED; /* what was asked for did not arrive */
    return result;
}
