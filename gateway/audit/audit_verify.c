#include "gateway/audit/audit_verify.h"

#include "gateway/chain/audit_reader.h"

#include <stdio.h>
#include <string.h>

/* ---- reading ---- */

static int take_line(struct audit_verify *verify, enum audit_reader_find find,
                     const struct audit_reader_line *line)
{
    const struct hash_chain_head head = audit_reader_sum(verify->ledger).head;
    if (find != AUDIT_READER_RECORD)
        fprintf(verify->out, "%s\n", line->text);
    verify->faults += find == AUDIT_READER_BROKEN || find == AUDIT_READER_ANEW || find == AUDIT_READER_NEWER;
    if (line->bytes == NULL)
        return 0;
    if (verify->noted != NULL && head.seq == verify->noted->seq &&
        strcmp(head.hash, verify->noted->hash) == 0)
        verify->met = true;
    return verify->witnessed == NULL ? 0 : witnessed_take(verify->witnessed, line->bytes, line->length);
}

/* -1 when the file cannot be read. */
static int verify_file(struct audit_verify *verify, const struct audit_chains_file *which)
{
    struct audit_reader_line line;
    enum audit_reader_find find;
    struct err err = {0};
    FILE *file = audit_chains_read(which, &err);
    if (file == NULL) {
        fprintf(verify->errors, "countersign audit: %s\n", err.text);
        return -1;
    }
    if (verify->bytes > 0 && audit_chains_skip(file, verify->bytes) != 0) {
        fprintf(verify->errors, "countersign audit: %s has no end to begin before\n", which->name);
        audit_chains_close(which, file);
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
        fprintf(verify->errors, "countersign audit: %s\n", line.text);
    audit_chains_close(which, file);
    return find == AUDIT_READER_FAILED ? -1 : 0;
}

/* ---- what it comes to ---- */

/* Do the files go on from what was noted, or hold it? */
static void check_noted(struct audit_verify *verify, const struct audit_reader_sum *sum)
{
    const struct hash_chain_head *noted = verify->noted;
    if (verify->noted == NULL || verify->met ||
        (sum->before.seq == noted->seq && strcmp(sum->before.hash, noted->hash) == 0))
        return;
    fprintf(verify->out, "record %llu with hash %s is not here, nor does the first record follow it\n",
            noted->seq, noted->hash);
    verify->faults++;
}

static void print_seals(const struct audit_verify *verify, const struct audit_reader_sum *sum)
{
    const struct seals *seals = &sum->seals;
    unsigned long long later = sum->head.seq - seals->sealed;
    if (verify->key == NULL && seals->count > 0)
        fprintf(verify->out, "%llu seals, not looked at: give their --key\n", seals->count);
    if (verify->key == NULL || verify->faults > 0)
        return;
    if (seals->sealed == 0)
        fprintf(verify->out, "no seal vouches for any of them\n");
    else if (seals->unfound == 0)
        fprintf(verify->out, "seals vouch for all up to %llu, sealed at %s; %llu came later\n", seals->sealed,
                seals->last.time, later);
    else
        fprintf(verify->out, "seals vouch for all up to %llu but for %llu, sealed at %s; %llu came later\n",
                seals->sealed, seals->unfound, seals->last.time, later);
    if (seals->old > 0)
        fprintf(
            verify->out,
            "up to %llu seals are of format 1: a start then looked at none of them, so they do not vouch for "
            "what was written before it\n",
            seals->old);
}

/* A key proves nothing where there is no seal. */
static bool print_sum(struct audit_verify *verify)
{
    struct audit_reader_sum sum = audit_reader_sum(verify->ledger);
    check_noted(verify, &sum);
    if (verify->witnessed != NULL)
        verify->faults += witnessed_print(verify->witnessed, verify->out);
    if (verify->key != NULL && sum.seals.last.refusing) {
        fprintf(verify->out, "the gateway found a broken audit file, and refuses changes since\n");
        verify->faults++;
    }
    if (sum.strange > 0)
        fprintf(verify->out,
                "%llu records of kinds that this release does not know, the first is '%s': a newer one wrote "
                "them\n",
                sum.strange, sum.kind);
    if (sum.records > 0)
        fprintf(verify->out, "begins with record %llu, behind hash %s\n", sum.before.seq + 1,
                sum.before.hash);
    fprintf(verify->out, "%llu records, the last is %llu with hash %s\n", sum.records, sum.head.seq,
            sum.head.hash);
    print_seals(verify, &sum);
    if (verify->faults > 0)
        fprintf(verify->out, "BROKEN: %ld faults\n", verify->faults);
    return verify->faults == 0 && !(verify->key != NULL && sum.seals.sealed == 0);
}

static enum seals_scope scope_of(const struct audit_verify *verify)
{
    if (verify->bytes > 0)
        return SEALS_FROM_LINE;
    return verify->noted != NULL ? SEALS_FROM_FILE : SEALS_FROM_FIRST;
}

int audit_verify_chain(struct audit_verify *verify, size_t chain)
{
    struct err err = {0};
    size_t which = 0;
    if (audit_chains_key(verify->chains, chain, verify->keys, verify->key_count, &which, &err) != 0) {
        fprintf(verify->errors, "countersign audit: %s\n", err.text);
        return -1;
    }
    verify->key = verify->keys[which];
    verify->faults = 0;
    verify->ledger = audit_reader_new(verify->key, scope_of(verify));
    int result = verify->ledger == NULL ? -1 : 1;
    if (result < 0)
        fputs("countersign audit: out of memory\n", verify->errors);
    for (size_t i = 0; i < verify->chains->file_count && result > 0; i++)
        if (verify->chains->files[i].chain == chain && verify_file(verify, &verify->chains->files[i]) != 0)
            result = -1;
    if (result > 0)
        result = print_sum(verify);
    audit_reader_free(verify->ledger);
    return result;
}
