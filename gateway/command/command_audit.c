#include "gateway/audit/ledger.h"
#include "gateway/command/command.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

static const char help[] =
    "Usage: countersign audit verify [--key FILE] FILE...\n"
    "       countersign audit show [OPTION...] FILE...\n"
    "\n"
    "`verify` reads audit files, oldest first, and says where a line was altered, removed or added, and "
    "where a\n"
    "killed gateway left a torn line.  It prints the last record's number and hash: a later file must go on\n"
    "from there.\n"
    "\n"
    "  -k, --key FILE   the key of the seals; without it, who can write the file can also make a new chain\n"
    "\n"
    "`show` prints each change with its outcome; see: countersign audit show --help\n"
    "\n"
    "Exit: 0 the chain holds (a torn line is no fault), 1 it does not, or a file cannot be read, 2 wrong "
    "usage.\n";

static int read_options(int argc, char **argv, const char **key)
{
    static const struct option options[] = {
        {"key", required_argument, NULL, 'k'}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    int option;
    opterr = 0;
    optind = 1;
    while ((option = getopt_long(argc, argv, "+:k:h", options, NULL)) != -1) {
        switch (option) {
        case 'k':
            *key = optarg;
            break;
        case 'h':
            fputs(help, stdout);
            return -1;
        case ':':
            return command_usage("audit", "%s needs a value", argv[optind - 1]);
        default:
            return command_usage("audit", "there is no option %s", argv[optind - 1]);
        }
    }
    return optind < argc ? COMMAND_GOOD : command_usage("audit", "verify needs a file");
}

/* The number of faults; -1 when the file cannot be read. */
static long verify_file(struct ledger *ledger, const char *name)
{
    struct ledger_line line;
    long faults = 0;
    enum ledger_find find;
    FILE *file = strcmp(name, "-") == 0 ? stdin : fopen(name, "re");
    if (file == NULL) {
        fprintf(stderr, "countersign audit: cannot read '%s': %s\n", name, strerror(errno));
        return -1;
    }
    ledger_take(ledger, name, file);
    while ((find = ledger_next(ledger, &line)) != LEDGER_END && find != LEDGER_FAILED) {
        if (find != LEDGER_RECORD)
            printf("%s\n", line.text);
        faults += find == LEDGER_BROKEN;
    }
    if (find == LEDGER_FAILED)
        fprintf(stderr, "countersign audit: %s\n", line.text);
    if (file != stdin)
        (void)fclose(file); /* only read from */
    return find == LEDGER_FAILED ? -1 : faults;
}

/* A key proves nothing where there is no seal. */
static bool print_sum(const struct ledger *ledger, long faults, bool keyed)
{
    struct ledger_sum sum = ledger_sum(ledger);
    printf("%llu records, the last is %llu with hash %s\n", sum.records, sum.head.seq, sum.head.hash);
    if (keyed && sum.sealed == 0)
        printf("no seal vouches for any of them\n");
    else if (keyed)
        printf("seals vouch for all up to %llu, sealed at %s; %llu came later\n", sum.sealed, sum.sealed_at,
               sum.head.seq - sum.sealed);
    else if (sum.seals > 0)
        printf("%llu seals, not looked at: give their --key\n", sum.seals);
    if (faults > 0)
        printf("BROKEN: %ld faults\n", faults);
    return faults == 0 && !(keyed && sum.sealed == 0);
}

static int verify(char **files, const struct secret *key)
{
    long faults = 0;
    bool unread = false;
    struct ledger *ledger = ledger_new(key);
    if (ledger == NULL) {
        fputs("countersign audit: out of memory\n", stderr);
        return COMMAND_FAILED;
    }
    for (; *files != NULL && !unread; files++) {
        long found = verify_file(ledger, *files);
        unread = found < 0;
        faults += unread ? 0 : found;
    }
    bool good = !unread && print_sum(ledger, faults, key != NULL);
    ledger_free(ledger);
    return good ? COMMAND_GOOD : COMMAND_FAILED;
}

static int command_verify(int argc, char **argv)
{
    const char *key_file = NULL;
    struct secret *key = NULL;
    int parsed = read_options(argc, argv, &key_file);
    if (parsed != COMMAND_GOOD)
        return parsed < 0 ? COMMAND_GOOD : parsed;
    if (key_file != NULL && (key = command_secret("audit", key_file)) == NULL)
        return COMMAND_FAILED;
    int result = verify(argv + optind, key);
    secret_free(key);
    return result;
}

int command_audit(int argc, char **argv)
{
    if (argc >= 2 && strcmp(argv[1], "verify") == 0)
        return command_verify(argc - 1, argv + 1);
    if (argc >= 2 && strcmp(argv[1], "show") == 0)
        return command_audit_show(argc - 1, argv + 1);
    if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        fputs(help, stdout);
        return COMMAND_GOOD;
    }
    return command_usage("audit", "it is `audit verify` or `audit show`");
}
