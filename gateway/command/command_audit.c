#include "gateway/audit/audit_reader.h"
#include "gateway/audit/witnessed.h"
#include "gateway/command/command.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "Usage: countersign audit verify [--key FILE] [--from N --hash HASH] [--witness FILE] FILE...\n"
    "       countersign audit show [OPTION...] FILE...\n"
    "       countersign audit whois [OPTION...] ID [FILE...]\n"
    "\n"
    "`verify` reads audit files, oldest first, and says where a line was altered, removed or added, and "
    "where a\n"
    "killed gateway left a torn line.  It prints the last record's number and hash: note both, elsewhere.\n"
    "\n"
    "  -k, --key FILE      the key of the seals; without it, those who can write the file can make a new "
    "chain.\n"
    "                      All seals from the first of the chain must be there\n"
    "      --from N        the number that was noted of a record: the files must go on from it, or hold it\n"
    "      --hash HASH     its hash\n"
    "      --witness FILE  what the witness got: the files must have all of its seals, from their first one "
    "on\n"
    "\n"
    "`show` prints each change with its outcome; see: countersign audit show --help\n"
    "`whois` says who was behind an id of the cloud's own trail; see: countersign audit whois --help\n"
    "\n"
    "Exit: 0 the chain holds (a torn line is no fault), 1 it does not, or a file cannot be read, 2 wrong "
    "usage.\n";

struct verify {
    const char *key_file;
    const char *witness_file;
    bool from; /* given: the record that was noted */
    struct hash_chain_head noted;

    struct secret *key;
    struct witnessed *witnessed;
    struct audit_reader *ledger;
    bool met; /* the record that was noted */
    long faults;
};

static bool is_hash(const char *text)
{
    return strlen(text) == HASH_CHAIN_HEX && strspn(text, "0123456789abcdef") == HASH_CHAIN_HEX;
}

static int read_from(const char *text, struct verify *verify)
{
    char *end;
    errno = 0;
    verify->noted.seq = strtoull(text, &end, 10);
    if (text[0] < '1' || text[0] > '9' || *end != '\0' || errno != 0)
        return command_usage("audit", "--from takes the number of a record");
    verify->from = true;
    return COMMAND_GOOD;
}

static int read_hash(const char *text, struct verify *verify)
{
    if (!is_hash(text))
        return command_usage("audit", "--hash takes the 64 hex digits of a record's hash");
    memcpy(verify->noted.hash, text, HASH_CHAIN_HEX + 1);
    return COMMAND_GOOD;
}

static int read_option(int option, char **argv, struct verify *verify)
{
    switch (option) {
    case 'k':
        verify->key_file = optarg;
        return COMMAND_GOOD;
    case 'f':
        return read_from(optarg, verify);
    case 'H':
        return read_hash(optarg, verify);
    case 'w':
        verify->witness_file = optarg;
        return COMMAND_GOOD;
    case ':':
        return command_usage("audit", "%s needs a value", argv[optind - 1]);
    default:
        return command_usage("audit", "there is no option %s", argv[optind - 1]);
    }
}

static int read_options(int argc, char **argv, struct verify *verify)
{
    static const struct option options[] = {
        {"key", required_argument, NULL, 'k'},  {"from", required_argument, NULL, 'f'},
        {"hash", required_argument, NULL, 'H'}, {"witness", required_argument, NULL, 'w'},
        {"help", no_argument, NULL, 'h'},       {NULL, 0, NULL, 0}};
    int option;
    int result = COMMAND_GOOD;
    opterr = 0;
    optind = 1;
    while (result == COMMAND_GOOD && (option = getopt_long(argc, argv, "+:k:h", options, NULL)) != -1) {
        if (option == 'h') {
            fputs(help, stdout);
            return -1;
        }
        result = read_option(option, argv, verify);
    }
    if (result != COMMAND_GOOD)
        return result;
    if (verify->from != (verify->noted.hash[0] != '\0'))
        return command_usage("audit", "--from and --hash go together: what was noted of a record");
    return optind < argc ? COMMAND_GOOD : command_usage("audit", "verify needs a file");
}

/* ---- reading ---- */

static int take_line(struct verify *verify, enum audit_reader_find find, const struct audit_reader_line *line)
{
    const struct hash_chain_head head = audit_reader_sum(verify->ledger).head;
    if (find != AUDIT_READER_RECORD)
        printf("%s\n", line->text);
    verify->faults += find == AUDIT_READER_BROKEN || find == AUDIT_READER_ANEW;
    if (line->bytes == NULL)
        return 0;
    if (verify->from && head.seq == verify->noted.seq && strcmp(head.hash, verify->noted.hash) == 0)
        verify->met = true;
    return verify->witnessed == NULL ? 0 : witnessed_take(verify->witnessed, line->bytes, line->length);
}

/* -1 when the file cannot be read. */
static int verify_file(struct verify *verify, const char *name)
{
    struct audit_reader_line line;
    enum audit_reader_find find;
    FILE *file = strcmp(name, "-") == 0 ? stdin : fopen(name, "re");
    if (file == NULL) {
        fprintf(stderr, "countersign audit: cannot read '%s': %s\n", name, strerror(errno));
        return -1;
    }
    audit_reader_take(verify->ledger, name, file);
    while ((find = audit_reader_next(verify->ledger, &line)) != AUDIT_READER_END &&
           find != AUDIT_READER_FAILED)
        if (take_line(verify, find, &line) != 0) {
            find = AUDIT_READER_FAILED;
            (void)snprintf(line.text, sizeof line.text, "out of memory");
            break;
        }
    if (find == AUDIT_READER_FAILED)
        fprintf(stderr, "countersign audit: %s\n", line.text);
    if (file != stdin)
        (void)fclose(file); /* only read from */
    return find == AUDIT_READER_FAILED ? -1 : 0;
}

/* ---- what it comes to ---- */

/* Do the files go on from what was noted, or hold it? */
static void check_noted(struct verify *verify, const struct audit_reader_sum *sum)
{
    const struct hash_chain_head *noted = &verify->noted;
    if (!verify->from || verify->met ||
        (sum->before.seq == noted->seq && strcmp(sum->before.hash, noted->hash) == 0))
        return;
    printf("record %llu with hash %s is not here, nor does the first record follow it\n", noted->seq,
           noted->hash);
    verify->faults++;
}

static void print_seals(const struct verify *verify, const struct audit_reader_sum *sum)
{
    const struct seals *seals = &sum->seals;
    unsigned long long later = sum->head.seq - seals->sealed;
    if (verify->key == NULL && seals->count > 0)
        printf("%llu seals, not looked at: give their --key\n", seals->count);
    if (verify->key == NULL || verify->faults > 0)
        return;
    if (seals->sealed == 0)
        printf("no seal vouches for any of them\n");
    else if (seals->unfound == 0)
        printf("seals vouch for all up to %llu, sealed at %s; %llu came later\n", seals->sealed,
               seals->last.time, later);
    else
        printf("seals vouch for all up to %llu but for %llu, sealed at %s; %llu came later\n", seals->sealed,
               seals->unfound, seals->last.time, later);
    if (seals->old > 0)
        printf(
            "up to %llu seals are of format 1: a start then looked at none of them, so they do not vouch for "
            "what was written before it\n",
            seals->old);
}

/* A key proves nothing where there is no seal. */
static bool print_sum(struct verify *verify)
{
    struct audit_reader_sum sum = audit_reader_sum(verify->ledger);
    check_noted(verify, &sum);
    if (verify->witnessed != NULL)
        verify->faults += witnessed_print(verify->witnessed, stdout);
    if (verify->key != NULL && sum.seals.last.refusing) {
        printf("the gateway found a broken audit file, and refuses changes since\n");
        verify->faults++;
    }
    if (sum.records > 0)
        printf("begins with record %llu, behind hash %s\n", sum.before.seq + 1, sum.before.hash);
    printf("%llu records, the last is %llu with hash %s\n", sum.records, sum.head.seq, sum.head.hash);
    print_seals(verify, &sum);
    if (verify->faults > 0)
        printf("BROKEN: %ld faults\n", verify->faults);
    return verify->faults == 0 && !(verify->key != NULL && sum.seals.sealed == 0);
}

static int verify_files(struct verify *verify, char **files)
{
    verify->ledger = audit_reader_new(verify->key, verify->from ? SEALS_FROM_FILE : SEALS_FROM_FIRST);
    if (verify->ledger == NULL) {
        fputs("countersign audit: out of memory\n", stderr);
        return COMMAND_FAILED;
    }
    for (; *files != NULL; files++)
        if (verify_file(verify, *files) != 0)
            return COMMAND_FAILED;
    return print_sum(verify) ? COMMAND_GOOD : COMMAND_FAILED;
}

static int open_witness(struct verify *verify)
{
    struct err err = {0};
    if (verify->witness_file == NULL)
        return 0;
    verify->witnessed = witnessed_read(verify->witness_file, verify->key, &err);
    if (verify->witnessed != NULL)
        return 0;
    fprintf(stderr, "countersign audit: %s\n", err.text);
    return -1;
}

static int command_verify(int argc, char **argv)
{
    struct verify verify = {0};
    int result = COMMAND_FAILED;
    int parsed = read_options(argc, argv, &verify);
    if (parsed != COMMAND_GOOD)
        return parsed < 0 ? COMMAND_GOOD : parsed;
    if ((verify.key_file == NULL || (verify.key = command_secret("audit", verify.key_file)) != NULL) &&
        open_witness(&verify) == 0)
        result = verify_files(&verify, argv + optind);
    audit_reader_free(verify.ledger);
    witnessed_free(verify.witnessed);
    secret_free(verify.key);
    return result;
}

int command_audit(int argc, char **argv)
{
    if (argc >= 2 && strcmp(argv[1], "verify") == 0)
        return command_verify(argc - 1, argv + 1);
    if (argc >= 2 && strcmp(argv[1], "show") == 0)
        return command_audit_show(argc - 1, argv + 1);
    if (argc >= 2 && strcmp(argv[1], "whois") == 0)
        return command_audit_whois(argc - 1, argv + 1);
    if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        fputs(help, stdout);
        return COMMAND_GOOD;
    }
    return command_usage("audit", "it is `audit verify`, `audit show` or `audit whois`");
}
