#include "gateway/chain/audit_chains.h"
#include "gateway/chain/audit_reader.h"
#include "gateway/chain/witnessed.h"
#include "gateway/options/command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "Usage: countersign audit verify [--key FILE]... [--from N --hash HASH] [--witness FILE] FILE...\n"
    "\n"
    "Reads audit files, and says where a line was altered, removed or added, and where a killed gateway "
    "left\n"
    "a torn line.  It prints the last record's number and hash: note both, elsewhere.  The files may be of\n"
    "several gateways: each has a chain of its own, whose files are named oldest first.\n"
    "\n";

static const char notes[] =
    "\n"
    "Exit: 0 all chains hold (a torn line is no fault), 1 one does not, or a file cannot be read, 2 wrong\n"
    "usage.\n";

enum { VERIFY_KEYS = 16 }; /* gateways whose files are verified at a time, each with a key of its own */

struct verify {
    const char *key_files[VERIFY_KEYS];
    size_t key_count;
    const char *witness_file;
    bool from; /* given: the record that was noted */
    struct hash_chain_head noted;

    struct secret *keys[VERIFY_KEYS];
    struct witnessed *witnessed;
    struct audit_chains chains;

    /* of the chain that is read */
    const struct secret *key;
    struct audit_reader *ledger;
    bool met; /* the record that was noted */
    long faults;
};

static bool is_hash(const char *text)
{
    return strlen(text) == HASH_CHAIN_HEX && strspn(text, "0123456789abcdef") == HASH_CHAIN_HEX;
}

static int take_from(void *place, const char *text, struct err *err)
{
    struct verify *verify = place;
    char *end;
    errno = 0;
    verify->noted.seq = strtoull(text, &end, 10);
    if (text[0] < '1' || text[0] > '9' || *end != '\0' || errno != 0)
        return err_set(err, ERR_INPUT, "--from takes the number of a record");
    verify->from = true;
    return 0;
}

static int take_hash(void *place, const char *text, struct err *err)
{
    struct verify *verify = place;
    if (!is_hash(text))
        return err_set(err, ERR_INPUT, "--hash takes the 64 hex digits of a record's hash");
    memcpy(verify->noted.hash, text, HASH_CHAIN_HEX + 1);
    return 0;
}

static int take_key(void *place, const char *file, struct err *err)
{
    struct verify *verify = place;
    if (verify->key_count == VERIFY_KEYS)
        return err_set(err, ERR_INPUT, "at most %d keys", VERIFY_KEYS);
    verify->key_files[verify->key_count++] = file;
    return 0;
}

static const struct command_line_option options[] = {
    {.name = "key",
     .letter = 'k',
     .value = "FILE",
     .help = "the key of the seals; without it, those who can write the file can make a new chain.\n"
             "All seals from the first of the chain must be there.  Once for each gateway's key",
     .take = take_key},
    {.name = "from",
     .value = "N",
     .help = "the number that was noted of a record: the files must go on from it, or hold it",
     .take = take_from},
    {.name = "hash", .value = "HASH", .help = "its hash", .take = take_hash},
    {.name = "witness",
     .value = "FILE",
     .help = "what the witness got: the files must have all of its seals, from their first one on",
     .at = offsetof(struct verify, witness_file)},
};

static const struct command_line command_line = {
    .usage = usage, .options = options, .count = COUNT(options), .notes = notes};

static int read_options(int argc, char **argv, struct verify *verify, struct command_line_operands *operands)
{
    int result = command_options("audit", &command_line, argc, argv, verify, operands);
    if (result != COMMAND_GOOD)
        return result;
    if (verify->from != (verify->noted.hash[0] != '\0'))
        return command_usage("audit", "--from and --hash go together: what was noted of a record");
    return operands->count > 0 ? COMMAND_GOOD : command_usage("audit", "verify needs a file");
}

/* ---- reading ---- */

static int take_line(struct verify *verify, enum audit_reader_find find, const struct audit_reader_line *line)
{
    const struct hash_chain_head head = audit_reader_sum(verify->ledger).head;
    if (find != AUDIT_READER_RECORD)
        printf("%s\n", line->text);
    verify->faults += find == AUDIT_READER_BROKEN || find == AUDIT_READER_ANEW || find == AUDIT_READER_NEWER;
    if (line->bytes == NULL)
        return 0;
    if (verify->from && head.seq == verify->noted.seq && strcmp(head.hash, verify->noted.hash) == 0)
        verify->met = true;
    return verify->witnessed == NULL ? 0 : witnessed_take(verify->witnessed, line->bytes, line->length);
}

/* -1 when the file cannot be read. */
static int verify_file(struct verify *verify, const struct audit_chains_file *which)
{
    struct audit_reader_line line;
    enum audit_reader_find find;
    struct err err = {0};
    FILE *file = audit_chains_read(which, &err);
    if (file == NULL) {
        fprintf(stderr, "countersign audit: %s\n", err.text);
        return -1;
    }
    audit_reader_take(verify->ledger, which->name, file);
    while ((find = audit_reader_next(verify->ledger, &line)) != AUDIT_READER_END &&
           find != AUDIT_READER_FAILED)
        if (take_line(verify, find, &line) != 0) {
            find = AUDIT_READER_FAILED;
            (void)snprintf(line.text, sizeof line.text, "out of memory");
            break;
        }
    if (find == AUDIT_READER_FAILED)
        fprintf(stderr, "countersign audit: %s\n", line.text);
    audit_chains_close(which, file);
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
    if (sum.strange > 0)
        printf("%llu records of kinds that this release does not know, the first is '%s': a newer one wrote "
               "them\n",
               sum.strange, sum.kind);
    if (sum.records > 0)
        printf("begins with record %llu, behind hash %s\n", sum.before.seq + 1, sum.before.hash);
    printf("%llu records, the last is %llu with hash %s\n", sum.records, sum.head.seq, sum.head.hash);
    print_seals(verify, &sum);
    if (verify->faults > 0)
        printf("BROKEN: %ld faults\n", verify->faults);
    return verify->faults == 0 && !(verify->key != NULL && sum.seals.sealed == 0);
}

/* -1: a file cannot be read.  0: the chain does not hold.  1: it does. */
static int verify_chain(struct verify *verify, size_t chain)
{
    struct err err = {0};
    size_t which = 0;
    if (audit_chains_key(&verify->chains, chain, verify->keys, verify->key_count, &which, &err) != 0) {
        fprintf(stderr, "countersign audit: %s\n", err.text);
        return -1;
    }
    verify->key = verify->keys[which];
    verify->faults = 0;
    verify->ledger = audit_reader_new(verify->key, verify->from ? SEALS_FROM_FILE : SEALS_FROM_FIRST);
    int result = verify->ledger == NULL ? -1 : 1;
    if (result < 0)
        fputs("countersign audit: out of memory\n", stderr);
    for (size_t i = 0; i < verify->chains.file_count && result > 0; i++)
        if (verify->chains.files[i].chain == chain && verify_file(verify, &verify->chains.files[i]) != 0)
            result = -1;
    if (result > 0)
        result = print_sum(verify);
    audit_reader_free(verify->ledger);
    return result;
}

static void print_chain(const struct verify *verify, size_t chain)
{
    const char *instance = audit_chains_instance(&verify->chains, chain);
    printf("%sgateway %s:", chain == 0 ? "" : "\n", instance[0] == '\0' ? "(not named)" : instance);
    for (size_t i = 0; i < verify->chains.file_count; i++)
        if (verify->chains.files[i].chain == chain)
            printf(" %s", verify->chains.files[i].name);
    putchar('\n');
}

static int verify_chains(struct verify *verify)
{
    bool good = true;
    size_t count = verify->chains.count;
    if (count > 1 && (verify->from || verify->witness_file != NULL))
        return command_usage(
            "audit", "--from and --witness are about one gateway's files, and these are of %zu", count);
    for (size_t chain = 0; chain < count; chain++) {
        if (count > 1)
            print_chain(verify, chain);
        int result = verify_chain(verify, chain);
        if (result < 0)
            return COMMAND_FAILED;
        good = good && result > 0;
    }
    return good ? COMMAND_GOOD : COMMAND_FAILED;
}

static bool read_keys(struct verify *verify)
{
    for (size_t i = 0; i < verify->key_count; i++)
        if ((verify->keys[i] = command_secret("audit", verify->key_files[i])) == NULL)
            return false;
    return true;
}

/* The witness is read with the one key that its gateway has. */
static int open_files(struct verify *verify, char **files)
{
    struct err err = {0};
    if (audit_chains_open(files, &verify->chains, &err) == 0 &&
        (verify->witness_file == NULL || verify->chains.count > 1))
        return 0;
    if (err.kind == ERR_NONE)
        verify->witnessed = witnessed_read(verify->witness_file, verify->keys[0], &err);
    if (err.kind == ERR_NONE)
        return 0;
    fprintf(stderr, "countersign audit: %s\n", err.text);
    return -1;
}

int command_audit_verify(int argc, char **argv)
{
    struct verify verify = {0};
    int result = COMMAND_FAILED;
    struct command_line_operands operands;
    int parsed = read_options(argc, argv, &verify, &operands);
    if (parsed != COMMAND_GOOD)
        return parsed < 0 ? COMMAND_GOOD : parsed;
    if (read_keys(&verify) && open_files(&verify, operands.items) == 0)
        result = verify_chains(&verify);
    witnessed_free(verify.witnessed);
    audit_chains_done(&verify.chains);
    for (size_t i = 0; i < verify.key_count; i++)
        secret_free(verify.keys[i]);
    return result;
}
