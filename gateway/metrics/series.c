#include "gateway/metrics/series.h"

#include "gateway/metrics/prometheus_text.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 4096 };

/* A call takes some 50 ms; a policy that refuses, a tenth of one.  The last one is the default deadline and
 * more. */
static const struct {
    int64_t micros;
    const char *le;
} bounds[] = {{1000, "0.001"},  {2500, "0.0025"}, {5000, "0.005"},  {10000, "0.01"},  {25000, "0.025"},
              {50000, "0.05"},  {100000, "0.1"},  {250000, "0.25"}, {500000, "0.5"},  {1000000, "1"},
              {2500000, "2.5"}, {5000000, "5"},   {10000000, "10"}, {30000000, "30"}, {INT64_MAX, "+Inf"}};

struct series {
    struct series *next_in_bucket; /* both are written before the series can be seen, and never after */
    struct series *next_in_family;
    size_t family;
    uint64_t hash;
    const char *values[SERIES_LABELS_MAX]; /* behind the cells */
    atomic_ullong cells[];                 /* the count; or one for each bound, and the sum of microseconds */
};

struct series_table {
    const struct series_family *families;
    size_t count;
    _Atomic(struct series *) buckets[BUCKETS];
    _Atomic(struct series *) *lists; /* by family */
    atomic_size_t made;
    atomic_ullong lost;
};

struct series_table *series_new(const struct series_family *families, size_t count)
{
    struct series_table *table = calloc(1, sizeof *table);
    if (table == NULL)
        return NULL;
    table->families = families;
    table->count = count;
    table->lists = calloc(count, sizeof *table->lists);
    if (table->lists == NULL) {
        free(table);
        return NULL;
    }
    return table;
}

void series_free(struct series_table *table)
{
    if (table == NULL)
        return;
    for (size_t i = 0; i < table->count; i++)
        for (struct series *series = atomic_load(&table->lists[i]); series != NULL;) {
            struct series *next = series->next_in_family;
            free(series);
            series = next;
        }
    free(table->lists);
    free(table);
}

static size_t label_count(const struct series_family *family)
{
    size_t count = 0;
    while (count < SERIES_LABELS_MAX && family->labels[count] != NULL)
        count++;
    return count;
}

/* Both halves of the product: each character moves every bit. */
static uint64_t mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * UINT64_C(0x9E3779B97F4A7C15);
    return hash ^ hash >> 32;
}

/* Eight characters at a time, and the length of each text, so that "a","bc" and "ab","c" differ.  The texts
 * are the configuration's and ours: no caller can choose those that collide. */
static uint64_t hash_of(size_t family, const char *const *values, size_t count)
{
    uint64_t hash = family + 1;
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(values[i]);
        uint64_t word = 0;
        hash = mix(hash, length);
        for (size_t at = 0; at + sizeof word <= length; at += sizeof word) {
            memcpy(&word, values[i] + at, sizeof word);
            hash = mix(hash, word);
        }
        word = 0;
        memcpy(&word, values[i] + length - length % sizeof word, length % sizeof word);
        hash = mix(hash, word);
    }
    return hash;
}

static bool is_same(const struct series *series, size_t family, uint64_t hash, const char *const *values,
                    size_t count)
{
    if (series->hash != hash || series->family != family)
        return false;
    for (size_t i = 0; i < count; i++)
        if (strcmp(series->values[i], values[i]) != 0)
            return false;
    return true;
}

static struct series *find(struct series *first, const struct series *end, size_t family, uint64_t hash,
                           const char *const *values, size_t count)
{
    for (struct series *series = first; series != end; series = series->next_in_bucket)
        if (is_same(series, family, hash, values, count))
            return series;
    return NULL;
}

static struct series *make(const struct series_table *table, size_t family, uint64_t hash,
                           const char *const *values, size_t count)
{
    size_t cells = table->families[family].histogram ? COUNT(bounds) + 1 : 1;
    size_t front = sizeof(struct series) + cells * sizeof(atomic_ullong);
    size_t size = front;
    for (size_t i = 0; i < count; i++)
        size += strlen(values[i]) + 1;
    struct series *series = calloc(1, size);
    if (series == NULL)
        return NULL;
    char *at = (char *)series + front;
    series->family = family;
    series->hash = hash;
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(values[i]) + 1;
        memcpy(at, values[i], length);
        series->values[i] = at;
        at += length;
    }
    return series;
}

/* Into its family's list, where only series_write() looks. */
static void enlist(struct series_table *table, struct series *series)
{
    _Atomic(struct series *) *list = &table->lists[series->family];
    series->next_in_family = atomic_load_explicit(list, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(list, &series->next_in_family, series, memory_order_release,
                                                  memory_order_relaxed))
        continue;
}

/* New series go to the front, so only what came to the front since the last look has to be looked at
 * again. */
static struct series *take(struct series_table *table, size_t family, const char *const *values)
{
    size_t count = label_count(&table->families[family]);
    uint64_t hash = hash_of(family, values, count);
    _Atomic(struct series *) *bucket = &table->buckets[hash % BUCKETS];
    struct series *first = atomic_load_explicit(bucket, memory_order_acquire);
    struct series *series = find(first, NULL, family, hash, values, count);
    if (series != NULL)
        return series;
    if (atomic_load_explicit(&table->made, memory_order_relaxed) >= SERIES_MAX)
        return NULL;
    struct series *made = make(table, family, hash, values, count);
    if (made == NULL)
        return NULL;
    made->next_in_bucket = first;
    while (!atomic_compare_exchange_strong_explicit(bucket, &first, made, memory_order_acq_rel,
                                                    memory_order_acquire)) {
        series = find(first, made->next_in_bucket, family, hash, values, count);
        if (series != NULL) { /* another thread was quicker */
            free(made);
            return series;
        }
        made->next_in_bucket = first;
    }
    enlist(table, made);
    atomic_fetch_add_explicit(&table->made, 1, memory_order_relaxed);
    return made;
}

void series_add(struct series_table *table, size_t family, const char *const *values,
                unsigned long long count)
{
    struct series *series = take(table, family, values);
    if (series == NULL)
        atomic_fetch_add_explicit(&table->lost, 1, memory_order_relaxed);
    else
        atomic_fetch_add_explicit(&series->cells[0], count, memory_order_relaxed);
}

void series_observe(struct series_table *table, size_t family, const char *const *values, int64_t micros)
{
    size_t bound = 0;
    struct series *series = take(table, family, values);
    if (series == NULL) {
        atomic_fetch_add_explicit(&table->lost, 1, memory_order_relaxed);
        return;
    }
    while (micros > bounds[bound].micros)
        bound++;
    atomic_fetch_add_explicit(&series->cells[bound], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&series->cells[COUNT(bounds)], micros > 0 ? (unsigned long long)micros : 0,
                              memory_order_relaxed);
}

unsigned long long series_lost(const struct series_table *table)
{
    return atomic_load_explicit(&table->lost, memory_order_relaxed);
}

/* ---- sums ---- */

_Static_assert(COUNT(bounds) == SERIES_BOUNDS, "series.h says how many there are");

void series_sum(const struct series_table *table, size_t family, size_t label, const char *value,
                unsigned long long sums[SERIES_BOUNDS])
{
    size_t cells = table->families[family].histogram ? SERIES_BOUNDS : 1;
    memset(sums, 0, SERIES_BOUNDS * sizeof *sums);
    const struct series *series = atomic_load_explicit(&table->lists[family], memory_order_acquire);
    for (; series != NULL; series = series->next_in_family)
        for (size_t i = 0; i < cells && (value == NULL || strcmp(series->values[label], value) == 0); i++)
            sums[i] += atomic_load_explicit(&series->cells[i], memory_order_relaxed);
}

int64_t series_quantile(const unsigned long long counts[SERIES_BOUNDS], double part)
{
    double total = 0;
    double below = 0;
    for (size_t i = 0; i < SERIES_BOUNDS; i++)
        total += (double)counts[i];
    for (size_t i = 0; i < SERIES_BOUNDS; i++) {
        double from = i == 0 ? 0 : (double)bounds[i - 1].micros;
        double width = i + 1 == SERIES_BOUNDS ? 0 : (double)bounds[i].micros - from;
        if (counts[i] > 0 && below + (double)counts[i] >= part * total)
            return (int64_t)(from + width * (part * total - below) / (double)counts[i]);
        below += (double)counts[i];
    }
    return 0;
}

/* ---- writing ---- */

/* Buckets are cumulative, and the count is the last one: always consistent, whoever counts meanwhile. */
static void write_histogram(const struct series_family *family, const struct series *series,
                            struct prometheus_text_label *labels, size_t count, struct buf *out)
{
    unsigned long long total = 0;
    for (size_t i = 0; i < COUNT(bounds); i++) {
        total += atomic_load_explicit(&series->cells[i], memory_order_relaxed);
        labels[count] = (struct prometheus_text_label){"le", bounds[i].le};
        prometheus_text_count(out, family->name, "_bucket", labels, count + 1, total);
    }
    prometheus_text_real(out, family->name, "_sum", labels, count,
                         (double)atomic_load_explicit(&series->cells[COUNT(bounds)], memory_order_relaxed) /
                             1e6);
    prometheus_text_count(out, family->name, "_count", labels, count, total);
}

static void write_series(const struct series_family *family, const struct series *series, struct buf *out)
{
    struct prometheus_text_label labels[SERIES_LABELS_MAX + 1];
    size_t count = label_count(family);
    for (size_t i = 0; i < count; i++)
        labels[i] = (struct prometheus_text_label){family->labels[i],
                                                   series->values[i][0] == '\0' ? NULL : series->values[i]};
    if (family->histogram)
        write_histogram(family, series, labels, count, out);
    else
        prometheus_text_count(out, family->name, "", labels, count,
                              atomic_load_explicit(&series->cells[0], memory_order_relaxed));
}

void series_write(const struct series_table *table, struct buf *out)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct series_family *family = &table->families[i];
        prometheus_text_open(out, family->name, family->histogram ? "histogram" : "counter", family->help);
        const struct series *series = atomic_load_explicit(&table->lists[i], memory_order_acquire);
        for (; series != NULL; series = series->next_in_family)
            write_series(family, series, out);
    }
}
