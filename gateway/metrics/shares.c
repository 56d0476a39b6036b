#include "gateway/metrics/shares.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OTHERS = 0 };

struct line {
    int64_t from_ms, until_ms;
    uint32_t counts[SHARES_KINDS][SHARES_NAMES];
};

/* The line behind the last whole one is the one that is being counted. */
struct ring {
    struct line *lines;
    size_t room, count; /* lines that there is room for, and that were ever begun */
};

struct shares {
    pthread_mutex_t mutex;                                    /* guards all */
    char names[SHARES_KINDS][SHARES_NAMES][SHARES_NAME_SIZE]; /* "": free */
    struct ring rings[HISTORY_RANGES];
    unsigned steps;
};

static struct line *current(struct ring *ring)
{
    return &ring->lines[(ring->count - 1) % ring->room];
}

static void begin_line(struct ring *ring, int64_t now_ms)
{
    ring->count++;
    struct line *line = current(ring);
    memset(line, 0, sizeof *line); /* too large for a literal on the stack */
    line->from_ms = line->until_ms = now_ms;
}

struct shares *shares_new(int64_t now_ms)
{
    struct shares *shares = calloc(1, sizeof *shares);
    if (shares == NULL)
        return NULL;
    shares->rings[HISTORY_MINUTES].room = HISTORY_MINUTES_SAMPLES;
    shares->rings[HISTORY_DAY].room = HISTORY_SAMPLES;
    for (size_t i = 0; i < HISTORY_RANGES; i++) {
        struct ring *ring = &shares->rings[i];
        ring->lines = calloc(ring->room, sizeof *ring->lines);
        if (ring->lines != NULL)
            begin_line(ring, now_ms);
    }
    if (shares->rings[HISTORY_MINUTES].lines != NULL && shares->rings[HISTORY_DAY].lines != NULL &&
        pthread_mutex_init(&shares->mutex, NULL) == 0)
        return shares;
    for (size_t i = 0; i < HISTORY_RANGES; i++)
        free(shares->rings[i].lines);
    free(shares);
    return NULL;
}

void shares_free(struct shares *shares)
{
    if (shares == NULL)
        return;
    (void)pthread_mutex_destroy(&shares->mutex);
    for (size_t i = 0; i < HISTORY_RANGES; i++)
        free(shares->rings[i].lines);
    free(shares);
}

/* ---- names ---- */

static bool is_quiet(const struct ring *day, enum shares_kind kind, size_t place)
{
    for (size_t i = 0; i < day->room; i++)
        if (day->lines[i].counts[kind][place] > 0)
            return false;
    return true;
}

/* One that had no request for a day gives its place away. */
static size_t free_place(struct shares *shares, enum shares_kind kind)
{
    for (size_t i = OTHERS + 1; i < SHARES_NAMES; i++)
        if (shares->names[kind][i][0] == '\0' || is_quiet(&shares->rings[HISTORY_DAY], kind, i))
            return i;
    return OTHERS;
}

static size_t place_of(struct shares *shares, enum shares_kind kind, const char *name)
{
    if (strlen(name) >= SHARES_NAME_SIZE)
        return OTHERS;
    for (size_t i = OTHERS + 1; i < SHARES_NAMES && shares->names[kind][i][0] != '\0'; i++)
        if (strcmp(shares->names[kind][i], name) == 0)
            return i;
    size_t place = free_place(shares, kind);
    if (place != OTHERS)
        (void)snprintf(shares->names[kind][place], SHARES_NAME_SIZE, "%s", name);
    return place;
}

void shares_count(struct shares *shares, enum shares_kind kind, const char *name, unsigned count)
{
    (void)pthread_mutex_lock(&shares->mutex);
    size_t place = place_of(shares, kind, name);
    for (size_t i = 0; i < HISTORY_RANGES; i++)
        current(&shares->rings[i])->counts[kind][place] += count;
    (void)pthread_mutex_unlock(&shares->mutex);
}

void shares_step(struct shares *shares, int64_t now_ms)
{
    (void)pthread_mutex_lock(&shares->mutex);
    shares->steps++;
    for (size_t i = 0; i < HISTORY_RANGES; i++)
        if (i == HISTORY_MINUTES || shares->steps % HISTORY_DAY_STEPS == 0) {
            current(&shares->rings[i])->until_ms = now_ms;
            begin_line(&shares->rings[i], now_ms);
        }
    (void)pthread_mutex_unlock(&shares->mutex);
}

/* ---- a look ---- */

/* The lines that there are, oldest first. */
static const struct line *line_at(const struct ring *ring, size_t place)
{
    size_t first = ring->count < ring->room ? 0 : ring->count - ring->room;
    return &ring->lines[(first + place) % ring->room];
}

static size_t line_count(const struct ring *ring)
{
    return ring->count < ring->room ? ring->count : ring->room;
}

/* The places of those with most, the most first; 0: there is none. */
static void find_top(const struct ring *ring, enum shares_kind kind, size_t top[SHARES_TOP])
{
    unsigned long long sums[SHARES_NAMES] = {0};
    for (size_t i = 0; i < line_count(ring); i++)
        for (size_t j = 0; j < SHARES_NAMES; j++)
            sums[j] += line_at(ring, i)->counts[kind][j];
    sums[OTHERS] = 0;
    for (size_t i = 0; i < SHARES_TOP; i++) {
        top[i] = OTHERS;
        for (size_t j = OTHERS + 1; j < SHARES_NAMES; j++)
            if (sums[j] > sums[top[i]])
                top[i] = j;
        sums[top[i]] = 0;
    }
}

static void put_row(struct shares_look *look, const struct line *line, enum shares_kind kind,
                    const size_t top[SHARES_TOP])
{
    struct shares_row *row = &look->rows[look->row_count++];
    *row = (struct shares_row){.from_ms = line->from_ms, .until_ms = line->until_ms};
    for (size_t i = 0; i < SHARES_NAMES; i++)
        row->counts[SHARES_TOP] += line->counts[kind][i];
    for (size_t i = 0; i < look->name_count; i++) {
        row->counts[i] = line->counts[kind][top[i]];
        row->counts[SHARES_TOP] -= row->counts[i];
    }
    look->others = look->others || row->counts[SHARES_TOP] > 0;
}

void shares_read(struct shares *shares, enum shares_kind kind, enum history_range range, int64_t now_ms,
                 struct shares_look *look)
{
    size_t top[SHARES_TOP];
    struct ring *ring = &shares->rings[range];
    memset(look, 0, sizeof *look);
    (void)pthread_mutex_lock(&shares->mutex);
    current(ring)->until_ms = now_ms;
    find_top(ring, kind, top);
    while (look->name_count < SHARES_TOP && top[look->name_count] != OTHERS) {
        memcpy(look->names[look->name_count], shares->names[kind][top[look->name_count]], SHARES_NAME_SIZE);
        look->name_count++;
    }
    for (size_t i = 0; i < line_count(ring); i++)
        put_row(look, line_at(ring, i), kind, top);
    (void)pthread_mutex_unlock(&shares->mutex);
}
