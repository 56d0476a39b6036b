#include "gateway/command/command.h"

#include "base/file.h"
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

struct config *command_load(const char *path)
{
    struct report report;
    report_init(&report);
    struct config *config = reload_load(path, NULL, &report);
    fputs(buf_text(&report.errors), stderr);
    fputs(buf_text(&report.warnings), stderr);
    report_done(&report);
    return config;
}
