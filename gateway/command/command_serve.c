#include "base/log/operator_log.h"
#include "gateway/options/command.h"
#include "gateway/service/serve.h"
#include "gateway/upstream/upstream_pool.h"

#include <stdio.h>

static const char usage[] =
    "Usage: countersign serve [-c FILE]\n"
    "\n"
    "Takes plain JSON requests, checks each against the policy, signs it and forwards it to the cloud.\n"
    "One JSON line per request goes to standard output, everything else to standard error.\n"
    "\n";

static const char notes[] =
    "\n"
    "SIGHUP reads the configuration again; a bad one changes nothing.  SIGUSR1 only opens the audit file\n"
    "again.\n"
    "SIGTERM or SIGINT serves on for a moment (grace), finishes what is in flight (drain) and ends; a "
    "second\n"
    "one ends at once.\n"
    "\n"
    "Exit: 0 ended by a signal, 1 failed, 2 wrong usage, 78 bad configuration.\n";

static const struct command_line_option options[] = {
    {.name = "config", .letter = 'c', .value = "FILE", .help = "default " COMMAND_CONFIG_FILE},
};

static const struct command_line command_line = {
    .usage = usage, .options = options, .count = COUNT(options), .notes = notes};

/* NULL when it is bad; what is found is told as the file itself says, as soon as that is known. */
static struct config *load(const char *path, struct log *notices)
{
    struct report report;
    report_init(&report);
    const struct command_source source = {.config = path};
    struct config *config = command_load_source(&source, &report);
    operator_log_use(notices, report.json_lines);
    operator_log_lines(notices, OPERATOR_ERROR, buf_text(&report.errors));
    operator_log_lines(notices, OPERATOR_WARNING, buf_text(&report.warnings));
    report_done(&report);
    return config;
}

static int serve(const char *path, struct log *notices)
{
    struct err err = {0};
    struct config *config = NULL;
    int result = serve_harden(&err);
    if (result == 0) {
        config = load(path, notices);
        if (config == NULL)
            return COMMAND_BAD_CONFIG;
        result = serve_run(path, config, &err);
    }
    if (result == 0)
        return COMMAND_GOOD;
    operator_log_fail(notices, "%s", err.text);
    return COMMAND_FAILED;
}

int command_serve(int argc, char **argv)
{
    const char *path = COMMAND_CONFIG_FILE;
    struct log notices; /* until the gateway has its own, and when that is gone */
    struct command_line_operands operands;
    int parsed = command_options("serve", &command_line, argc, argv, &path, &operands);
    if (parsed != COMMAND_GOOD)
        return parsed < 0 ? COMMAND_GOOD : parsed;
    if (operands.count > 0)
        return command_usage("serve", "it takes no operand");
    if (operator_log_init(&notices, false) != 0) {
        fputs("countersign: out of memory\n", stderr);
        return COMMAND_FAILED;
    }
    int result = serve(path, &notices);
    log_done(&notices);
    return result;
}
