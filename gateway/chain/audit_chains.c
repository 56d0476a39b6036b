#include "gateway/chain/audit_chains.h"

#include "gateway/chain/audit_reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

enum { END_BYTES = 2 * HASH_CHAIN_LINE_MAX }; /* the last whole record is in them, but for torn ones */

static int cannot_read(const char *name, struct err *err)
{
    return err_set(err, ERR_SYSTEM, "cannot read '%.200s': %s", name, strerror(errno));
}

/* Standard input is read twice, so it is kept: in a file without a name. */
static int keep_input(struct audit_chains_file *file, struct err *err)
{
    char block[2048];
    size_t got;
    file->spool = tmpfile();
    if (file->spool == NULL)
        return err_set(err, ERR_SYSTEM, "cannot keep standard input: %s", strerror(errno));
    while ((got = fread(block, 1, sizeof block, stdin)) > 0)
        if (fwrite(block, 1, got, file->spool) != got)
            return err_set(err, ERR_SYSTEM, "cannot keep standard input: %s", strerror(errno));
    return ferror(stdin) != 0 ? cannot_read(file->name, err) : 0;
}

FILE *audit_chains_read(const struct audit_chains_file *file, struct err *err)
{
    FILE *open = file->spool != NULL ? file->spool : fopen(file->name, "re");
    if (open == NULL)
        (void)cannot_read(file->name, err);
    else if (file->spool != NULL)
        rewind(open);
    return open;
}

void audit_chains_close(const struct audit_chains_file *file, FILE *open)
{
    if (open != file->spool)
        (void)fclose(open); /* only read from */
}

int audit_chains_skip(FILE *open, int64_t bytes)
{
    int c = 0;
    off_t size = fseeko(open, 0, SEEK_END) == 0 ? ftello(open) : -1;
    if (size < 0)
        return -1;
    if (size <= bytes)
        return fseeko(open, 0, SEEK_SET);
    if (fseeko(open, size - bytes - 1, SEEK_SET) != 0)
        return -1;
    while (c != '\n' && c != EOF)
        c = getc(open);
    return 0;
}

/* ---- what a file is of ---- */

/* An altered record counts as one: what is wrong with it is not said here. */
static bool take_record(struct audit_chains_file *file, const char *bytes, size_t length, bool first)
{
    struct hash_chain_line line;
    char name[HASH_CHAIN_NAME + 1];
    if (hash_chain_read(bytes, length, &line) == HASH_CHAIN_FOREIGN)
        return false;
    if (!hash_chain_instance(bytes, length, name))
        name[0] = '\0';
    if (first) {
        memcpy(file->first, name, sizeof name);
        memcpy(file->prev, line.prev, sizeof line.prev);
    }
    memcpy(file->last, name, sizeof name);
    memcpy(file->hash, line.head.hash, sizeof line.head.hash);
    return true;
}

/* The records of the open file from where it stands, within END_BYTES: the first alone, or all. */
static int take_records(struct audit_chains_file *file, FILE *open, bool first, struct err *err)
{
    char *block = malloc(END_BYTES);
    if (block == NULL)
        return err_memory(err);
    size_t got = fread(block, 1, END_BYTES, open);
    bool found = false;
    for (size_t at = 0; at < got && !(found && first);) {
        const char *end = memchr(block + at, '\n', got - at);
        size_t length = end == NULL ? got - at : (size_t)(end - block) - at;
        found = take_record(file, block + at, length, first);
        at += length + 1;
    }
    free(block);
    return ferror(open) != 0 ? cannot_read(file->name, err) : 0;
}

/* A pipe has no end to look at: what its first record says stands for all. */
static int look_at(struct audit_chains_file *file, FILE *open, struct err *err)
{
    if (take_records(file, open, true, err) != 0)
        return -1;
    if (fseeko(open, 0, SEEK_END) != 0)
        return errno == ESPIPE ? 0 : cannot_read(file->name, err);
    off_t size = ftello(open);
    if (size < 0 || fseeko(open, size > END_BYTES ? size - END_BYTES : 0, SEEK_SET) != 0)
        return cannot_read(file->name, err);
    return take_records(file, open, false, err);
}

/* ---- which chain it goes on with ---- */

static bool goes_on(const struct audit_chains_file *file, const struct audit_chains_file *before)
{
    return strcmp(file->prev, before->hash) == 0 || strcmp(file->last, before->last) == 0 ||
           (file->first[0] != '\0' && strcmp(file->first, before->last) == 0);
}

/* One without a record belongs to what was named before it. */
static void place(struct audit_chains *chains, struct audit_chains_file *file)
{
    for (size_t i = chains->file_count; i-- > 0;)
        if (file->hash[0] == '\0' || goes_on(file, &chains->files[i])) {
            file->chain = chains->files[i].chain;
            return;
        }
    file->chain = chains->count++;
}

static int take_file(struct audit_chains *chains, const char *name, struct err *err)
{
    struct audit_chains_file *file = &chains->files[chains->file_count];
    file->name = name;
    if (strcmp(name, "-") == 0 && keep_input(file, err) != 0)
        return -1;
    FILE *open = audit_chains_read(file, err);
    if (open == NULL)
        return -1;
    int result = look_at(file, open, err);
    audit_chains_close(file, open);
    place(chains, file);
    chains->file_count++;
    return result;
}

int audit_chains_open(char *const *names, struct audit_chains *chains, struct err *err)
{
    size_t count = 0;
    *chains = (struct audit_chains){0};
    while (names[count] != NULL)
        count++;
    chains->files = calloc(count + 1, sizeof *chains->files);
    if (chains->files == NULL)
        return err_memory(err);
    for (size_t i = 0; i < count; i++)
        if (take_file(chains, names[i], err) != 0)
            return -1;
    return 0;
}

void audit_chains_done(struct audit_chains *chains)
{
    for (size_t i = 0; i < chains->file_count; i++)
        if (chains->files[i].spool != NULL)
            (void)fclose(chains->files[i].spool); /* nobody needs it any more */
    free(chains->files);
    *chains = (struct audit_chains){0};
}

const char *audit_chains_instance(const struct audit_chains *chains, size_t chain)
{
    for (size_t i = chains->file_count; i-- > 0;)
        if (chains->files[i].chain == chain)
            return chains->files[i].last;
    return "";
}

/* ---- whose key ---- */

/* The first sealed record of the file.  1: `*found` is the key that made it, if any did; 0: there is none. */
static int try_keys(struct audit_reader *reader, const struct audit_chains_file *file,
                    struct secret *const *keys, size_t count, size_t *found, struct err *err)
{
    struct audit_reader_line line;
    enum audit_reader_find find = AUDIT_READER_RECORD;
    char mac[HASH_CHAIN_HEX + 1];
    int result = 0;
    FILE *open = audit_chains_read(file, err);
    if (open == NULL)
        return -1;
    audit_reader_take(reader, file->name, open);
    while (result == 0 && find != AUDIT_READER_END && find != AUDIT_READER_FAILED) {
        find = audit_reader_next(reader, &line);
        if (line.bytes == NULL || !hash_chain_mac(line.bytes, line.length, mac))
            continue;
        result = 1;
        for (size_t i = 0; i < count; i++)
            if (hash_chain_is_sealed(line.bytes, line.length, keys[i]))
                *found = i;
    }
    audit_chains_close(file, open);
    return find == AUDIT_READER_FAILED ? err_set(err, ERR_SYSTEM, "%.300s", line.text) : result;
}

int audit_chains_key(const struct audit_chains *chains, size_t chain, struct secret *const *keys,
                     size_t count, size_t *found, struct err *err)
{
    int result = 0;
    *found = 0;
    if (count < 2)
        return 0;
    struct audit_reader *reader = audit_reader_new(NULL, SEALS_FROM_LINE);
    if (reader == NULL)
        return err_memory(err);
    for (size_t i = 0; i < chains->file_count && result == 0; i++)
        if (chains->files[i].chain == chain)
            result = try_keys(reader, &chains->files[i], keys, count, found, err);
    audit_reader_free(reader);
    return result < 0 ? -1 : 0;
}
