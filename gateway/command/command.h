/* gateway/command/command.h - the commands of the program.  Each parses its own options, and returns the exit
 * code.
 */
#ifndef GATEWAY_COMMAND_COMMAND_H
#define GATEWAY_COMMAND_COMMAND_H

#include "base/base.h"
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
int command_openapi(int argc, char **argv);
int command_audit(int argc, char **argv);
int command_audit_show(int argc, char **argv); /* argv[0] is "show" */
int command_version(int argc, char **argv);

/* The options that most commands have: -c FILE and --help.  COMMAND_GOOD with *path set and optind at the
 * first operand; COMMAND_USAGE; or -1 when the help was printed and the command is done. */
MUST_USE int command_options(int argc, char **argv, const char *help, const char **path);

/* "countersign check: <sentence>" and a hint to --help, on stderr; returns COMMAND_USAGE. */
int command_usage(const char *command, const char *format, ...) PRINTF_LIKE(2, 3);

/* Loads the configuration and runs its tests; prints every error and warning to stderr; NULL when it is bad.
 */
MUST_USE struct config *command_load(const char *path);

/* The secret in a file that nobody else can read, such as the key of the seals; NULL after a sentence on
 * stderr. */
MUST_USE struct secret *command_secret(const char *command, const char *path);

#endif
