#include "gateway/exchange/anonymous.h"

#include "base/buf.h"
#include "base/json/json.h"
#include "base/text.h"
#include "base/time/timestamp.h"

#include <openssl/rand.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
    ANONYMOUS_LINE_MAX = 512
}; /* bytes of a gathered line: eight numbers of 20 digits, times and an address */

/* How many requests of one address were gathered, and how they were answered. */
struct anonymous_entry {
    struct network source;
    unsigned lines;              /* of its own */
    unsigned long long gathered; /* neither: the entry is nobody's */
    int64_t since_ms;
    int statuses[ANONYMOUS_STATUSES]; /* 0: no more */
    unsigned long long counts[ANONYMOUS_STATUSES];
};

struct anonymous_round {
    struct anonymous_entry entries[ANONYMOUS_SETS][ANONYMOUS_WAYS];
    struct anonymous_entry others; /* of whom we know no address */
    unsigned lines;
    bool used;
};

struct anonymous {
    uint64_t seed[2];
    int64_t ends_us;
    atomic_ullong gathered;
    pthread_mutex_t mutex;           /* guards the round that is going on, and which that is */
    struct anonymous_round *current; /* the other is being written, or empty */
    struct anonymous_round rounds[2];
};

struct anonymous *anonymous_new(int64_t now_us)
{
    struct anonymous *anonymous = calloc(1, sizeof *anonymous);
    if (anonymous == NULL)
        return NULL;
    if (RAND_bytes((unsigned char *)anonymous->seed, sizeof anonymous->seed) != 1 ||
        pthread_mutex_init(&anonymous->mutex, NULL) != 0) {
        free(anonymous);
        return NULL;
    }
    atomic_init(&anonymous->gathered, 0);
    anonymous->current = &anonymous->rounds[0];
    anonymous->ends_us = now_us + (int64_t)ANONYMOUS_ROUND_MS * 1000;
    return anonymous;
}

void anonymous_free(struct anonymous *anonymous)
{
    if (anonymous == NULL)
        return;
    (void)pthread_mutex_destroy(&anonymous->mutex);
    free(anonymous);
}

/* ---- counting ---- */

/* The address's own entry, else a free one, else that of an address all of whose requests have lines already.
 * NULL: all have something to tell. */
static struct anonymous_entry *find(struct anonymous_entry *set, const struct network *source)
{
    struct anonymous_entry *found = NULL;
    for (size_t i = 0; i < ANONYMOUS_WAYS; i++) {
        bool used = set[i].lines > 0 || set[i].gathered > 0;
        if (used && network_is_same(&set[i].source, source))
            return &set[i];
        if (set[i].gathered == 0 && (found == NULL || (found->lines > 0 && !used)))
            found = &set[i];
    }
    if (found != NULL)
        *found = (struct anonymous_entry){.source = *source};
    return found;
}

static void count(struct anonymous_entry *entry, int status, int64_t now_ms)
{
    size_t i = 0;
    if (entry->gathered++ == 0)
        entry->since_ms = now_ms;
    while (i < ANONYMOUS_STATUSES - 1 && entry->statuses[i] != 0 && entry->statuses[i] != status)
        i++;
    entry->statuses[i] = status;
    entry->counts[i]++;
}

/* With the mutex. */
static bool take_line(struct anonymous_round *round, struct anonymous_entry *entry)
{
    if (entry->lines >= ANONYMOUS_LINES || round->lines >= ANONYMOUS_LINES_ALL)
        return false;
    entry->lines++;
    round->lines++;
    return true;
}

bool anonymous_has_line(struct anonymous *anonymous, const struct network *address, int status,
                        int64_t now_ms)
{
    const struct network source = network_source(address);
    size_t set = network_hash(&source, anonymous->seed) % ANONYMOUS_SETS;
    (void)pthread_mutex_lock(&anonymous->mutex);
    struct anonymous_round *round = anonymous->current;
    struct anonymous_entry *entry = find(round->entries[set], &source);
    bool has_line = entry != NULL && take_line(round, entry);
    if (!has_line)
        count(entry == NULL ? &round->others : entry, status, now_ms);
    round->used = true;
    (void)pthread_mutex_unlock(&anonymous->mutex);
    if (!has_line)
        atomic_fetch_add_explicit(&anonymous->gathered, 1, memory_order_relaxed);
    return has_line;
}

unsigned long long anonymous_gathered(const struct anonymous *anonymous)
{
    return atomic_load_explicit(&anonymous->gathered, memory_order_relaxed);
}

/* ---- telling ---- */

static void put_time(struct buf *out, const char *key, int64_t millis)
{
    char time[TIMESTAMP_SIZE];
    timestamp_format(millis, time);
    json_member(out, key, time);
}

static void put_statuses(struct buf *out, const struct anonymous_entry *entry)
{
    json_open_member(out, "statuses");
    for (size_t i = 0; i < ANONYMOUS_STATUSES && entry->counts[i] > 0; i++) {
        char status[TEXT_NUMBER_SIZE];
        text_number(status, entry->statuses[i]);
        json_member_int(out, i == ANONYMOUS_STATUSES - 1 ? "others" : status, (long long)entry->counts[i]);
    }
    json_close(out);
}

static void put_line(struct buf *out, const struct anonymous_entry *entry, bool has_source, int64_t now_ms)
{
    char source[NETWORK_TEXT_SIZE];
    if (entry->gathered == 0)
        return;
    network_format(&entry->source, source);
    json_open(out);
    put_time(out, "time", now_ms);
    put_time(out, "since", entry->since_ms);
    json_member(out, "source", has_source ? source : NULL);
    json_member_int(out, "gathered", (long long)entry->gathered);
    put_statuses(out, entry);
    json_close(out);
    buf_put_char(out, '\n');
}

/* All lines at once: where nobody reads them, they are waited for once. */
static void write_round(const struct anonymous_round *round, struct log *log, int64_t now_ms)
{
    struct buf lines;
    buf_init(&lines, (ANONYMOUS_SETS * ANONYMOUS_WAYS + 1) * ANONYMOUS_LINE_MAX);
    for (size_t i = 0; i < ANONYMOUS_SETS; i++)
        for (size_t j = 0; j < ANONYMOUS_WAYS; j++)
            put_line(&lines, &round->entries[i][j], true, now_ms);
    put_line(&lines, &round->others, false, now_ms);
    if (lines.failed)
        atomic_fetch_add(&log->dropped, 1);
    else if (lines.length > 0)
        log_line(log, buf_text(&lines), lines.length);
    buf_done(&lines);
}

int64_t anonymous_wait_us(const struct anonymous *anonymous, int64_t now_us)
{
    return now_us < anonymous->ends_us ? anonymous->ends_us - now_us : 0;
}

void anonymous_end_round(struct anonymous *anonymous, struct log *log, int64_t now_us, int64_t now_ms)
{
    struct anonymous_round *round = anonymous->current; /* which this thread alone changes */
    anonymous->ends_us = now_us + (int64_t)ANONYMOUS_ROUND_MS * 1000;
    (void)pthread_mutex_lock(&anonymous->mutex);
    bool used = round->used;
    if (used)
        anonymous->current = &anonymous->rounds[round == &anonymous->rounds[0]];
    (void)pthread_mutex_unlock(&anonymous->mutex);
    if (!used)
        return;
    write_round(round, log, now_ms);
    memset(round, 0, sizeof *round);
}
