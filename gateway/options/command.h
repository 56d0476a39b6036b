/* gateway/options/command.h - the commands of the program.  Each has a table of its options, and returns the
 * exit code. */
#ifndef GATEWAY_OPTIONS_COMMAND_H
#define GATEWAY_OPTIONS_COMMAND_H

#include "base/base.h"
#include "base/system/command_line.h"
#include "config/model/config.h"

enum command_exit {
    COMMAND_GOOD = 0,
    COMMAND_FAILED = 1,      /* or denied */
    COMMAND_USAGE = 2,       /* the command line is wrong */
    COMMAND_BAD_CONFIG = 78, /* EX_CONFIG of sysexits.h */
};

#define COMMAND_CONFIG_FILE "/etc/countersign/countersign.yaml"

int command_serve(int argc, char **argv);
int command_check(int argc, char **argv);
int command_token(int argc, char **argv);
int command_sign(int argc, char **argv);
int command_explain(int argc, char **argv);
int command_replay(int argc, char **argv);
int command_suggest(int argc, char **argv);
int command_diff(int argc, char **argv);
int command_definitions(int argc, char **argv);
int command_openapi(int argc, char **argv);
int command_audit(int argc, char **argv);
int command_audit_verify(int argc, char **argv); /* argv[0] is "verify", and so on */
int command_audit_show(int argc, char **argv);
int command_audit_settle(int argc, char **argv);
int command_audit_whois(int argc, char **argv);
int command_freeze(int argc, char **argv);
int command_freeze_thaw(int argc, char **argv);
int command_freeze_list(int argc, char **argv);
int command_status(int argc, char **argv);
int command_top(int argc, char **argv);
int command_version(int argc, char **argv);

/* Reads the options of a command into `into`.  COMMAND_GOOD; COMMAND_USAGE after a sentence that begins with
 * `command`; or -1 when the help was printed and the command is done. */
MUST_USE int command_options(const char *command, const struct command_line *line, int argc, char **argv,
                             void *into, struct command_line_operands *operands);

/* "countersign check: <sentence>" and a hint to --help, on stderr; returns COMMAND_USAGE. */
int command_usage(const char *command, const char *format, ...) PRINTF_LIKE(2, 3);

/* Loads the configuration; prints every finding to stderr; NULL when it is bad.  Its tests are not run. */
MUST_USE struct config *command_load(const char *path);

enum { COMMAND_CATALOGS = 16 };
#define COMMAND_REGION "ap-guangzhou"

/* What a command reads: a configuration, or a policy and catalogs alone, without any secret. */
struct command_source {
    const char *config; /* used where `policy` is NULL and there is no catalog; NULL: never */
    const char *policy;
    const char *catalogs[COMMAND_CATALOGS];
    size_t catalog_count;
    const char *definitions;      /* with a policy: their folder; NULL: where they are installed */
    const char *region;           /* with a policy: of calls that name none */
    const struct config *running; /* with a configuration: what a reload would find in force; or NULL */
};

/* The rows that choose it: of the command's struct the member that is a struct command_source. */
#define COMMAND_SOURCE_OPTIONS(type, member)                                                                 \
    {.name = "config",                                                                                       \
     .letter = 'c',                                                                                          \
     .value = "FILE",                                                                                        \
     .help = "default " COMMAND_CONFIG_FILE,                                                                 \
     .at = offsetof(type, member.config)},                                                                   \
        {.name = "policy",                                                                                   \
         .value = "FILE",                                                                                    \
         .help = "instead: a policy alone; no countersign.yaml, no secret",                                  \
         .at = offsetof(type, member.policy)},                                                               \
        {.name = "catalog",                                                                                  \
         .value = "FILE",                                                                                    \
         .help = "with it: routes of your own, as in countersign.yaml",                                      \
         .at = offsetof(type, member),                                                                       \
         .take = command_take_catalog},                                                                      \
        {.name = "definitions",                                                                              \
         .value = "FOLDER",                                                                                  \
         .help = "with it: of the cloud's actions, if they are not where they are installed",                \
         .at = offsetof(type, member.definitions)},                                                          \
    {                                                                                                        \
        .name = "region", .value = "NAME",                                                                   \
        .help = "with it: of calls that name none; default " COMMAND_REGION,                                 \
        .at = offsetof(type, member.region)                                                                  \
    }

/* For a row of --catalog, whose place is a struct command_source. */
MUST_USE int command_take_catalog(void *source, const char *file, struct err *err);

/* NULL when it is bad; `report` tells in either case. */
MUST_USE struct config *command_load_source(const struct command_source *source, struct report *report);

/* The same with errors alone printed to stderr: other findings are those of `check`. */
MUST_USE struct config *command_load_policy(const struct command_source *source);

/* The same with every finding printed to stderr. */
MUST_USE struct config *command_load_from(const struct command_source *source);

/* The secret in a file that nobody else can read, such as the key of the seals; NULL after a sentence on
 * stderr. */
MUST_USE struct secret *command_secret(const char *command, const char *path);

#endif
