#include "gateway/options/command.h"

#include <stdio.h>
#include <string.h>

static const char help[] =
    "Usage: countersign audit verify [OPTION...] FILE...\n"
    "       countersign audit show [OPTION...] FILE...\n"
    "       countersign audit settle [OPTION...] SEQ executed|not-executed --by NAME --note TEXT\n"
    "       countersign audit whois [OPTION...] ID [FILE...]\n"
    "\n"
    "`verify` says where an audit file was altered, `show` prints each change with its outcome, and "
    "`settle`\n"
    "records what became of a change whose outcome the gateway could not know.  `verify` and `show` take "
    "the\n"
    "files of several gateways at a time.  For `show` see: countersign audit show --help\n"
    "`whois` says who was behind an id of the cloud's own trail; see: countersign audit whois --help\n"
    "\n";

static int print_help(void)
{
    char word[] = "--help";
    char *argv[] = {word, word, NULL};
    fputs(help, stdout);
    int result = command_audit_verify(2, argv);
    putchar('\n');
    return result == COMMAND_GOOD ? command_audit_settle(2, argv) : result;
}

int command_audit(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(int argc, char **argv);
    } parts[] = {{"verify", command_audit_verify},
                 {"show", command_audit_show},
                 {"settle", command_audit_settle},
                 {"whois", command_audit_whois}};
    for (size_t i = 0; i < COUNT(parts) && argc >= 2; i++)
        if (strcmp(argv[1], parts[i].name) == 0)
            return parts[i].run(argc - 1, argv + 1);
    if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
        return print_help();
    return command_usage("audit", "it is `audit verify`, `audit show`, `audit settle` or `audit whois`");
}
