#include "gateway/chain/seals.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void seals_init(struct seals *seals, const struct secret *key, enum seals_scope scope)
{
    *seals = (struct seals){.key = key, .scope = scope};
}

void seals_take_file(struct seals *seals)
{
    seals->file_begun = false;
}

/* What was counted stays. */
void seals_take_chain(struct seals *seals)
{
    seals->scope = SEALS_FROM_FIRST;
    seals->begun = false;
    seals->any = false;
    seals->last = (struct seal){0};
    seals->first = 0;
    seals->since = 0;
    seals->late = false;
}

PRINTF_LIKE(3, 4)
static enum seals_find tell(char text[SEALS_TEXT], enum seals_find find, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, SEALS_TEXT, format, arguments);
    va_end(arguments);
    return find;
}

/* ---- records without a seal ---- */

/* Of outcomes alone: they are dated when they are written, and intents when they were asked for. */
static bool is_late(struct seals *seals, const char *bytes, size_t length)
{
    int64_t time = 0;
    if (!seals->any || seals->last.every == 0 || seals->late || !hash_chain_is(bytes, length, "outcome") ||
        !hash_chain_time(bytes, length, &time))
        return false;
    if (seals->since == 0)
        seals->since = time;
    seals->late = time - seals->since > seals->last.every;
    return seals->late;
}

/* Behind a seal of format 2 every `open` is sealed, and behind one that ends a file an `open` comes. */
static const char *misplaced(const struct seals *seals, bool open)
{
    if (seals->last.number > 0 && open)
        return "an `open` record has no seal: no gateway with this key wrote it";
    if (seals->last.last && seals->first == 0)
        return "a record stands behind the end that a gateway made in order";
    return NULL;
}

static enum seals_find take_plain(struct seals *seals, const char *bytes, size_t length,
                                  unsigned long long seq, char text[SEALS_TEXT])
{
    bool open = hash_chain_is(bytes, length, "open");
    bool headless = !seals->file_begun && seals->scope != SEALS_FROM_LINE && !open;
    const char *wrong = misplaced(seals, open);
    if (seals->first == 0)
        seals->first = seq;
    if (headless)
        return tell(text, SEALS_BROKEN, "the file does not begin as one does: its beginning was removed");
    if (wrong != NULL)
        return tell(text, SEALS_BROKEN, "%s", wrong);
    if (is_late(seals, bytes, length))
        return tell(text, SEALS_BROKEN,
                    "from record %llu to here there is no seal for longer than %lld ms: seals were removed",
                    seals->first, seals->last.every);
    return SEALS_GOOD;
}

/* ---- seals ---- */

static enum seals_find check_first(const struct seals *seals, const struct seal *seal, unsigned long long seq,
                                   char text[SEALS_TEXT])
{
    bool upgraded = seals->old > 0 || seal->old;
    bool good = seal->number == 1 ? seq == 1 || upgraded : seals->scope != SEALS_FROM_FIRST && !seals->begun;
    if (good || seals->scope == SEALS_FROM_LINE)
        return SEALS_GOOD;
    return tell(text, SEALS_BROKEN,
                "is sealed with number %llu, and no seal before it is here: seals were removed",
                seal->number);
}

/* Is it the one behind the last? */
static enum seals_find check_order(const struct seals *seals, const struct seal *seal, unsigned long long seq,
                                   char text[SEALS_TEXT])
{
    const struct seal *last = &seals->last;
    if (seal->number == 0 && last->number > 0)
        return tell(text, SEALS_BROKEN, "has a seal of format 1 behind seal %llu", last->number);
    if (seal->number == 0)
        return SEALS_GOOD;
    if (!seals->any || last->number == 0)
        return check_first(seals, seal, seq, text);
    if (seal->number == last->number + 1 && strcmp(seal->before, last->mac) == 0 &&
        strcmp(seal->chain, last->chain) == 0)
        return SEALS_GOOD;
    return tell(text, SEALS_BROKEN, "seal %llu does not follow seal %llu", seal->number, last->number);
}

/* A start that went on behind a gateway that did not end in order. */
static enum seals_find check_end(struct seals *seals, const struct seal *seal, unsigned long long seq,
                                 char text[SEALS_TEXT])
{
    if (seals->first == 0 && (seals->last.last || seals->last.number == 0))
        return SEALS_GOOD;
    if (seals->first == 0)
        return tell(text, SEALS_NOTE,
                    "behind record %llu a gateway was killed, or the end was cut off: started again at %s",
                    seq - 1, seal->time);
    seals->unfound += seq - seals->first;
    return tell(text, SEALS_NOTE,
                "records %llu to %llu had no seal when a gateway was started at %s: no seal vouches for them",
                seals->first, seq - 1, seal->time);
}

/* A start tells what it found, and a file begins with a record that found nothing. */
static enum seals_find check_open(struct seals *seals, const struct seal *seal, unsigned long long seq,
                                  char text[SEALS_TEXT])
{
    if (!seals->file_begun && seals->scope != SEALS_FROM_LINE && (!seal->open || seal->found))
        return tell(text, SEALS_BROKEN, "the file does not begin as one does: its beginning was removed");
    if (seal->found && seals->any)
        return check_end(seals, seal, seq, text);
    if (seal->broken)
        return tell(text, SEALS_NOTE, "a gateway began this chain at %s, since the file before did not hold",
                    seal->time);
    return SEALS_GOOD;
}

static void adopt(struct seals *seals, const struct seal *seal, unsigned long long seq)
{
    if (seal->number == 0)
        seals->old = seq;
    else if (seal->old && seals->old == 0)
        seals->old = seq - 1;
    seals->last = *seal;
    seals->any = true;
    seals->sealed = seq;
    seals->first = 0;
    seals->since = 0;
    seals->late = false;
    seals->count++;
}

static enum seals_find take_seal(struct seals *seals, const char *bytes, size_t length,
                                 unsigned long long seq, char text[SEALS_TEXT])
{
    struct seal seal;
    if (!hash_chain_is_sealed(bytes, length, seals->key))
        return tell(text, SEALS_BROKEN, "the seal was not made with this key");
    if (seal_read(bytes, length, &seal) != 0)
        return tell(text, SEALS_BROKEN, "the seal cannot be read: a later release made it, or memory is out");
    enum seals_find find = check_order(seals, &seal, seq, text);
    if (find == SEALS_GOOD && seal.number > 0)
        find = check_open(seals, &seal, seq, text);
    adopt(seals, &seal, seq);
    return find;
}

static enum seals_find take_line(struct seals *seals, const char *bytes, size_t length,
                                 unsigned long long seq, char text[SEALS_TEXT])
{
    char mac[HASH_CHAIN_HEX + 1];
    bool sealed = hash_chain_is(bytes, length, "seal") ||
                  (hash_chain_is(bytes, length, "open") && hash_chain_mac(bytes, length, mac));
    if (seals->key == NULL) {
        seals->count += sealed;
        return SEALS_GOOD;
    }
    return sealed ? take_seal(seals, bytes, length, seq, text) : take_plain(seals, bytes, length, seq, text);
}

enum seals_find seals_take(struct seals *seals, const char *bytes, size_t length, unsigned long long seq,
                           char text[SEALS_TEXT])
{
    bool late = seals->key != NULL && !seals->begun && seals->scope == SEALS_FROM_FIRST && seq != 1;
    if (late)
        seals->scope = SEALS_FROM_LINE; /* what follows is judged by what is here */
    enum seals_find find = take_line(seals, bytes, length, seq, text);
    seals->begun = true;
    seals->file_begun = true;
    if (!late)
        return find;
    return tell(text, SEALS_BROKEN,
                "begins with record %llu: give the files before it, too, or --from what was noted of them",
                seq);
}
