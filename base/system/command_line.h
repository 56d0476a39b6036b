/* base/system/command_line.h - the options of a command as a table: what reads them, and what --help shows.
 *
 * A row is all that there is to know of an option, and the only place where it is named: the parser and
 * the help have no other list.  Behind the rows stands --help, -h, which every command has.  Names may be
 * shortened as far as they stay clear, a value follows as --name=value or as the next word, and -- ends
 * the options: getopt_long() reads them.  One thread. */
#ifndef BASE_SYSTEM_COMMAND_LINE_H
#define BASE_SYSTEM_COMMAND_LINE_H

#include "base/base.h"
#include "base/err.h"

#include <stdio.h>

enum { COMMAND_LINE_OPTIONS_MAX = 32 }; /* of a command; the most that one has is 13 */

struct command_line_option {
    const char *name;    /* "token-file"; NULL: the row is of the help alone, see below */
    char letter;         /* 'c' for -c; 0: it has none */
    bool value_may_lack; /* --wait, or --wait=300; the value is NULL then */
    const char *value;   /* what the help calls its value: "FILE"; NULL: it takes none */
    const char *help;    /* where it breaks into lines, '\n' */
    size_t at;           /* where it goes: offsetof() in what is filled */

    /* NULL: to a `const char *` the value, which lives as long as argv; without a value to a `bool` true.
     * Otherwise it gets the place of `at`.  -1: the value is wrong, `err` says how. */
    int (*take)(void *place, const char *value, struct err *err);
};

/* A row without a name: `value`, say a variable of the environment, with its help; or `help` alone. */

struct command_line {
    const char *part;  /* "show" of `countersign audit show`, named where it lacks an option; or NULL */
    const char *usage; /* the help in front of the options */
    const struct command_line_option *options;
    size_t count;
    const char *notes; /* the help behind them; or NULL */
    bool mixed;        /* options may stand behind operands */
};

struct command_line_operands {
    char **items; /* of argv; NULL behind the last */
    int count;
};

enum command_line_end {
    COMMAND_LINE_GOOD,
    COMMAND_LINE_HELP,     /* is asked for; nothing behind it was read */
    COMMAND_LINE_UNKNOWN,  /* no such option, one that is too short, or a value too many */
    COMMAND_LINE_NO_VALUE, /* an option lacks its value */
    COMMAND_LINE_WRONG,    /* its value is wrong */
};

/* argv[0] is the command's name; where `line` is mixed, operands are moved behind options.  Options are
 * taken in their order into `into`, up to one that is wrong: `err` says why. */
MUST_USE enum command_line_end command_line_read(const struct command_line *line, int argc, char **argv,
                                                 void *into, struct command_line_operands *operands,
                                                 struct err *err);

/* The whole help. */
void command_line_print(const struct command_line *line, FILE *out);

#endif
