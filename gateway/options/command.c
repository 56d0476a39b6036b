#include "gateway/options/command.h"

#include "base/time/clock.h"
#include "base/file.h"
#include "config/load/config_load.h"
#include "gateway/reload/reload.h"

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

int command_options(const char *command, const struct command_line *line, int argc, char **argv, void *into,
                    struct command_line_operands *operands)
{
    struct err err = {0};
    switch (command_line_read(line, argc, argv, into, operands, &err)) {
    case COMMAND_LINE_GOOD:
        return COMMAND_GOOD;
    case COMMAND_LINE_HELP:
        command_line_print(line, stdout);
        return -1;
    default:
        return command_usage(command, "%s", err.text);
    }
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

int command_take_catalog(void *source, const char *file, struct err *err)
{
    struct command_source *into = source;
    if (into->catalog_count == COMMAND_CATALOGS)
        return err_set(err, ERR_INPUT, "at most %d catalogs", COMMAND_CATALOGS);
    into->catalogs[into->catalog_count++] = file;
    return 0;
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
    if (source->config != NULL && source->policy == NULL && source->catalog_count == 0)
        return load(source, report);
    return config_load_policy(source->policy, source->catalogs, source->catalog_count, source->region,
                              source->definitions, clock_wall_ms() / 1000, report);
}

struct config *command_load_policy(const struct command_source *source)
{
    struct report report;
    report_init(&report);
    struct config *config = command_load_source(source, &report);
    fputs(buf_text(&report.errors), stderr);
    report_done(&report);
    return config;
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
