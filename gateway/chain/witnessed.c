#include "gateway/chain/witnessed.h"

#include "gateway/chain/seal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct entry {
    char chain[SEAL_ID + 1];
    unsigned long long number;
    unsigned long long seq;
    char hash[HASH_CHAIN_HEX + 1];
    char time[SEAL_TIME];
    bool seen; /* in the files */
};

/* How far the files reach, of one chain. */
struct reach {
    char chain[SEAL_ID + 1];
    unsigned long long first, last; /* seals, by number */
};

struct witnessed {
    struct entry *entries; /* by chain and number */
    size_t count, capacity;
    struct reach *reaches;
    size_t reach_count;
};

/* ---- the witness's file ---- */

static int read_entry(const char *line, size_t length, const struct secret *key, struct entry *entry)
{
    struct hash_chain_line front;
    struct seal seal;
    if (seal_read(line, length, &seal) != 0 || seal.number == 0 ||
        hash_chain_read(line, length, &front) != HASH_CHAIN_WHOLE ||
        (key != NULL && !hash_chain_is_sealed(line, length, key)))
        return -1;
    *entry = (struct entry){.number = seal.number, .seq = front.head.seq};
    memcpy(entry->chain, seal.chain, sizeof entry->chain);
    memcpy(entry->hash, front.head.hash, sizeof entry->hash);
    memcpy(entry->time, seal.time, sizeof entry->time);
    return 0;
}

static struct entry *add_entry(struct witnessed *witnessed)
{
    if (witnessed->count == witnessed->capacity) {
        size_t capacity = witnessed->capacity * 2 + 64;
        struct entry *more = realloc(witnessed->entries, capacity * sizeof *more);
        if (more == NULL)
            return NULL;
        witnessed->entries = more;
        witnessed->capacity = capacity;
    }
    return &witnessed->entries[witnessed->count++];
}

static int compare(const void *a, const void *b)
{
    const struct entry *one = a;
    const struct entry *other = b;
    int chains = strcmp(one->chain, other->chain);
    return chains != 0 ? chains : (one->number > other->number) - (one->number < other->number);
}

static int read_lines(struct witnessed *witnessed, FILE *file, const char *path, const struct secret *key,
                      struct err *err)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t got;
    int result = 0;
    for (unsigned long long number = 1; result == 0 && (got = getline(&line, &room, file)) > 0; number++) {
        if (line[got - 1] != '\n')
            break; /* on its way, or torn */
        struct entry *entry = add_entry(witnessed);
        if (entry == NULL)
            result = err_memory(err);
        else if (read_entry(line, (size_t)got - 1, key, entry) != 0)
            result = err_set(err, ERR_INPUT, "the witness's '%s' line %llu is no seal%s", path, number,
                             key == NULL ? "" : ", or not one of this key");
    }
    if (result == 0 && ferror(file) != 0)
        result = err_set(err, ERR_SYSTEM, "'%s' cannot be read: %s", path, strerror(errno));
    free(line);
    return result;
}

struct witnessed *witnessed_read(const char *path, const struct secret *key, struct err *err)
{
    FILE *file = fopen(path, "re");
    struct witnessed *witnessed = calloc(1, sizeof *witnessed);
    int result = -1;
    if (witnessed == NULL)
        err_memory(err);
    else if (file == NULL)
        err_set(err, ERR_SYSTEM, "cannot read '%s': %s", path, strerror(errno));
    else
        result = read_lines(witnessed, file, path, key, err);
    if (file != NULL)
        (void)fclose(file); /* only read from */
    if (result != 0) {
        witnessed_free(witnessed);
        return NULL;
    }
    if (witnessed->count > 0)
        qsort(witnessed->entries, witnessed->count, sizeof *witnessed->entries, compare);
    return witnessed;
}

void witnessed_free(struct witnessed *witnessed)
{
    if (witnessed == NULL)
        return;
    free(witnessed->entries);
    free(witnessed->reaches);
    free(witnessed);
}

/* ---- the files ---- */

static const struct reach *find_reach(const struct witnessed *witnessed, const char *chain)
{
    for (size_t i = witnessed->reach_count; i > 0; i--)
        if (strcmp(witnessed->reaches[i - 1].chain, chain) == 0)
            return &witnessed->reaches[i - 1];
    return NULL;
}

static int note_reach(struct witnessed *witnessed, const struct entry *entry)
{
    struct reach *reach = (struct reach *)(uintptr_t)find_reach(witnessed, entry->chain);
    if (reach == NULL) {
        struct reach *more =
            realloc(witnessed->reaches, (witnessed->reach_count + 1) * sizeof *witnessed->reaches);
        if (more == NULL)
            return -1;
        witnessed->reaches = more;
        reach = &more[witnessed->reach_count++];
        *reach = (struct reach){.first = entry->number};
        memcpy(reach->chain, entry->chain, sizeof reach->chain);
    }
    if (entry->number > reach->last)
        reach->last = entry->number;
    return 0;
}

/* The first entry of that chain and number, or what stands in its place. */
static size_t find_entry(const struct witnessed *witnessed, const struct entry *wanted)
{
    size_t low = 0;
    size_t high = witnessed->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare(&witnessed->entries[middle], wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int witnessed_take(struct witnessed *witnessed, const char *line, size_t length)
{
    struct entry entry;
    if (read_entry(line, length, NULL, &entry) != 0)
        return 0; /* of format 1: no witness got it */
    for (size_t i = find_entry(witnessed, &entry);
         i < witnessed->count && compare(&witnessed->entries[i], &entry) == 0; i++)
        if (strcmp(witnessed->entries[i].hash, entry.hash) == 0)
            witnessed->entries[i].seen = true;
    return note_reach(witnessed, &entry);
}

/* ---- what they lack ---- */

/* The entries of one chain, from `start`; the index behind them. */
static size_t end_of_chain(const struct witnessed *witnessed, size_t start)
{
    size_t end = start;
    while (end < witnessed->count &&
           strcmp(witnessed->entries[end].chain, witnessed->entries[start].chain) == 0)
        end++;
    return end;
}

static long print_chain(const struct witnessed *witnessed, size_t start, size_t end, FILE *out)
{
    const struct entry *last = &witnessed->entries[end - 1];
    const struct reach *reach = find_reach(witnessed, last->chain);
    long faults = 0;
    if (reach == NULL) {
        fprintf(out,
                "the witness has %zu seals of a chain that is not here, up to record %llu, sealed at %s\n",
                end - start, last->seq, last->time);
        return 1;
    }
    for (size_t i = start; i < end; i++) {
        const struct entry *entry = &witnessed->entries[i];
        if (entry->seen || entry->number < reach->first)
            continue;
        if (entry->number > reach->last) {
            fprintf(out,
                    "the end was cut off: the witness has %zu seals more, up to record %llu, sealed at %s\n",
                    end - i, last->seq, last->time);
            return faults + 1;
        }
        fprintf(out, "the witness has another seal %llu, of record %llu, sealed at %s\n", entry->number,
                entry->seq, entry->time);
        faults++;
    }
    if (reach->last > last->number)
        fprintf(out, "the witness lacks the last %llu seals\n", reach->last - last->number);
    return faults;
}

long witnessed_print(const struct witnessed *witnessed, FILE *out)
{
    long faults = 0;
    size_t end;
    for (size_t start = 0; start < witnessed->count; start = end) {
        end = end_of_chain(witnessed, start);
        faults += print_chain(witnessed, start, end, out);
    }
    if (witnessed->count == 0)
        fprintf(out, "the witness has no seal\n");
    else if (faults == 0)
        fprintf(out, "all seals of the witness are there: %zu\n", witnessed->count);
    return faults;
}
