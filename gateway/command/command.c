#include "gateway/command/command.h"

#include "base/clock.h"
#include "base/file.h"
#include "config/load/config_load.h"
#include "gateway/service/reload.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int command_usage(const char *command, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "countersign %s: ", command);
    vfprintf(stderr, format, arguments);
    fprintf(stderr, " (see: countersign %s --help)\n", command);
    va_end(arguments);
    return COMMAND_USAGE;
}

int command_options(int argc, char **argv, const char *help, const char **path)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    int option;
    opterr = 0;
    optind = 1;
    while ((option = getopt_long(argc, argv, "+:c:h", options, NULL)) != -1) {
        switch (option) {
        case 'c':
            *path = optarg;
            break;
        case 'h':
            fputs(help, stdout);
            return -1;
        case ':':
            return command_usage(argv[0], "%s needs a value", argv[optind - 1]);
        default:
            return command_usage(argv[0], "there is no option %s", argv[optind - 1]);
        }
    }
    return COMMAND_GOOD;
}

struct secret *command_secret(const char *command, const char *path)
{
    struct buf bytes;
    struct err err = {0};
    struct secret *secret = NULL;
    buf_init(&bytes, SECRET_MAX);
    if (file_read(path, FILE_PRIVATE, &bytes, &err) == 0) {
        size_t length = strcspn(buf_text(&bytes), "\r\n"); /* editors end files with a line feed */
        secret = secret_new(buf_text(&bytes), length);
        if (secret == NULL)
            err_memory(&err);
    }
    buf_done(&bytes);
    if (secret == NULL)
        fprintf(stderr, "countersign %s: %s\n", command, err.text);
    return secret;
}

int command_source_option(const char *command, struct command_source *source, int option, const char *value)
{
    switch (option) {
    case 'c':
        source->config = value;
        return COMMAND_GOOD;
    case 'p':
        source->policy = value;
        return COMMAND_GOOD;
    case 'r':
        source->region = value;
        return COMMAND_GOOD;
    case 'd':
        source->definitions = value;
        return COMMAND_GOOD;
    case 'k':
        if (source->catalog_count == COMMAND_CATALOGS)
            return command_usage(command, "at most %d catalogs", COMMAND_CATALOGS);
        source->catalogs[source->catalog_count++] = value;
        return COMMAND_GOOD;
    default:
        return -1;
    }
}

/* The variables that it read are of no use to a command any more. */
static struct config *load(const struct command_source *source, struct report *report)
{
    struct config *config = reload_load(source->config, source->running, report);
    if (config != NULL)
        config_load_wipe(config);
    return config;
}

struct config *command_load_source(const struct command_source *source, struct report *report)
{
    if (source->policy == NULL && source->catalog_count == 0)
        return load(source, report);
    return config_load_policy(source->policy, source->catalogs, source->catalog_count, source->region,
                              source->definitions, clock_wall_ms() / 1000, report);
}

struct config *command_load_from(const struct command_source *source)
{
    struct report report;
    report_init(&report);
    struct config *config = command_load_source(source, &report);
    fputs(buf_text(&report.errors), stderr);
    fputs(buf_text(&report.warnings), stderr);
    report_done(&report);
    return config;
}

struct config *command_load(const char *path)
{
    return command_load_from(&(struct command_source){.config = path});
}
