#include "gateway/chain/audit_chains.h"
#include "gateway/audit/audit_verify.h"
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

/* ---- all of them ---- */

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
        struct audit_verify reading = {.chains = &verify->chains,
                                       .keys = verify->keys,
                                       .key_count = verify->key_count,
                                       .witnessed = verify->witnessed,
                                       .noted = verify->from ? &verify->noted : NULL,
                                       .out = stdout,
                                       .errors = stderr};
        int result = audit_verify_chain(&reading, chain);
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
