#include "gateway/command/top_table.h"

#include "gateway/metrics/metrics_text.h"
#include "client/terminal.h"

#include <stdlib.h>
#include <string.h>

enum { TOP_ROWS = 2000, TOP_NAME = 128, TOP_SHOWN = 44, TOP_BOUNDS = 64 };

static const struct {
    const char *name;
    const char *family;
    const char *label;
    const char *title;
    const char *denied; /* of which label it tells that a call was refused or failed */
} views[TOP_TABLE_VIEWS] = {
    [TOP_TABLE_CLIENTS] = {"client", "countersign_requests_total", "client", "CLIENT", "status"},
    [TOP_TABLE_ROUTES] = {"route", "countersign_requests_total", "route", "ROUTE", "status"},
    [TOP_TABLE_RULES] = {"rule", "countersign_policy_decisions_total", "rule", "RULE", "verdict"}};

static const char *const orders[TOP_TABLE_ORDERS] = {[TOP_TABLE_BY_RATE] = "rate",
                                                     [TOP_TABLE_BY_TOTAL] = "total",
                                                     [TOP_TABLE_BY_REFUSED] = "refused",
                                                     [TOP_TABLE_BY_FAILED] = "failed",
                                                     [TOP_TABLE_BY_NAME] = "name"};

const char *top_table_view_name(enum top_table_view view)
{
    return views[view].name;
}

int top_table_view_of(const char *name)
{
    for (int i = 0; i < TOP_TABLE_VIEWS; i++)
        if (strcmp(views[i].name, name) == 0)
            return i;
    return -1;
}

const char *top_table_order_name(enum top_table_order order)
{
    return orders[order];
}

int top_table_order_of(const char *name)
{
    for (int i = 0; i < TOP_TABLE_ORDERS; i++)
        if (strcmp(orders[i], name) == 0)
            return i;
    return -1;
}

/* What one name counts: requests, and those of them that were refused or failed. */
struct row {
    char name[TOP_NAME];
    double total, refused, failed;
    double rate; /* a second */
};

struct rows {
    struct row *items;
    size_t count;
};

static struct row *take(struct rows *rows, const char *name)
{
    for (size_t i = 0; i < rows->count; i++)
        if (strcmp(rows->items[i].name, name) == 0)
            return &rows->items[i];
    if (rows->count == TOP_ROWS)
        return NULL;
    struct row *row = &rows->items[rows->count++];
    *row = (struct row){0};
    (void)memcpy(row->name, name, strlen(name) + 1);
    return row;
}

/* `sign` is 1 for what is counted now, -1 for what had been counted before: the difference stays. */
static void count(const struct top_table *table, const char *text, double sign, struct rows *rows)
{
    struct metrics_text_sample sample;
    char name[TOP_NAME];
    char what[TOP_NAME];
    while (metrics_text_next(&text, &sample)) {
        if (!metrics_text_is(&sample, views[table->view].family) ||
            !metrics_text_label(&sample, views[table->view].label, name, sizeof name))
            continue;
        (void)metrics_text_label(&sample, views[table->view].denied, what, sizeof what);
        struct row *row = take(rows, name);
        if (row == NULL)
            continue;
        bool refused = what[0] == '4' || strcmp(what, "deny") == 0;
        row->rate += sign * sample.value;
        if (sign < 0)
            continue;
        row->total += sample.value;
        row->refused += refused ? sample.value : 0;
        row->failed += what[0] == '5' ? sample.value : 0;
    }
}

/* A gateway that was started anew counts from zero: nothing is below it. */
static double a_second(double difference, double seconds)
{
    return difference > 0 ? difference / seconds : 0;
}

static void finish(const struct top_table *table, struct rows *rows)
{
    bool first = table->before[0] == '\0';
    for (size_t i = 0; i < rows->count; i++) {
        struct row *row = &rows->items[i];
        row->rate = first ? 0 : a_second(row->rate, table->seconds);
    }
}

static int by_name(const void *left, const void *right)
{
    return strcmp(((const struct row *)left)->name, ((const struct row *)right)->name);
}

/* The larger one first; where they are equal, what has happened in all decides, and then the name. */
static int compare(const struct row *a, const struct row *b, double of_a, double of_b)
{
    if (of_a != of_b)
        return of_a > of_b ? -1 : 1;
    if (a->total != b->total)
        return a->total > b->total ? -1 : 1;
    return strcmp(a->name, b->name);
}

static int by_rate(const void *left, const void *right)
{
    const struct row *a = left;
    const struct row *b = right;
    return compare(a, b, a->rate, b->rate);
}

static int by_total(const void *left, const void *right)
{
    const struct row *a = left;
    const struct row *b = right;
    return compare(a, b, a->total, b->total);
}

static int by_refused(const void *left, const void *right)
{
    const struct row *a = left;
    const struct row *b = right;
    return compare(a, b, a->refused, b->refused);
}

static int by_failed(const void *left, const void *right)
{
    const struct row *a = left;
    const struct row *b = right;
    return compare(a, b, a->failed, b->failed);
}

static void sort(struct rows *rows, enum top_table_order order)
{
    static int (*const by[TOP_TABLE_ORDERS])(const void *,
                                             const void *) = {[TOP_TABLE_BY_RATE] = by_rate,
                                                              [TOP_TABLE_BY_TOTAL] = by_total,
                                                              [TOP_TABLE_BY_REFUSED] = by_refused,
                                                              [TOP_TABLE_BY_FAILED] = by_failed,
                                                              [TOP_TABLE_BY_NAME] = by_name};
    qsort(rows->items, rows->count, sizeof *rows->items, by[order]);
}

/* ---- how long requests took, by the buckets of the histogram ---- */

struct bounds {
    double seconds[TOP_BOUNDS];
    double counts[TOP_BOUNDS]; /* cumulative */
    size_t count;
};

static void gather(const char *text, double sign, struct bounds *bounds)
{
    struct metrics_text_sample sample;
    char le[TOP_NAME];
    while (metrics_text_next(&text, &sample)) {
        if (!metrics_text_is(&sample, "countersign_request_duration_seconds_bucket") ||
            !metrics_text_label(&sample, "le", le, sizeof le))
            continue;
        double bound = strtod(le, NULL); /* "+Inf", too */
        size_t at = 0;
        while (at < bounds->count && bounds->seconds[at] != bound)
            at++;
        if (at == TOP_BOUNDS)
            continue;
        if (at == bounds->count) {
            bounds->seconds[at] = bound;
            bounds->count++;
        }
        bounds->counts[at] += sign * sample.value;
    }
}

/* The bound that this part of the requests was within, as milliseconds. */
static void put_quantile(struct buf *out, const struct bounds *bounds, double part)
{
    double all = bounds->count == 0 ? 0 : bounds->counts[bounds->count - 1];
    for (size_t i = 0; all > 0 && i + 1 < bounds->count; i++)
        if (bounds->counts[i] >= part * all) {
            buf_put_format(out, "%g ms", bounds->seconds[i] * 1000);
            return;
        }
    buf_put(out, all > 0 ? "longer" : "-");
}

static void put_head(const struct top_table *table, struct buf *out)
{
    struct bounds bounds = {0};
    bool first = table->before[0] == '\0';
    double requests = metrics_text_sum(table->now, "countersign_requests_total", NULL, NULL);
    double before = metrics_text_sum(table->before, "countersign_requests_total", NULL, NULL);
    gather(table->now, 1, &bounds);
    gather(table->before, -1, &bounds);
    buf_put_format(out, "requests %.0f, %.1f a second; in flight %.0f of %.0f; connections %.0f of %.0f\n",
                   requests, first ? 0 : a_second(requests - before, table->seconds),
                   metrics_text_sum(table->now, "countersign_requests_in_flight", NULL, NULL),
                   metrics_text_sum(table->now, "countersign_workers", NULL, NULL),
                   metrics_text_sum(table->now, "countersign_connections", NULL, NULL),
                   metrics_text_sum(table->now, "countersign_connections_limit", NULL, NULL));
    buf_put(out, "half within ");
    put_quantile(out, &bounds, 0.5);
    buf_put(out, ", 99 of 100 within ");
    put_quantile(out, &bounds, 0.99);
    buf_put_format(out, "; breakers open %.0f; %s\n",
                   metrics_text_sum(table->now, "countersign_upstream_breaker", "state", "open"),
                   metrics_text_sum(table->now, "countersign_ready", NULL, NULL) > 0 ? "ready" : "not ready");
}

static void put_row(struct buf *out, const struct row *row)
{
    char memory[4 * TOP_NAME];
    struct buf name;
    buf_init_in(&name, memory, sizeof memory);
    terminal_put_plain(&name, row->name);
    buf_put_format(out, "%-*s %10.1f %10.0f %10.0f %10.0f\n", TOP_SHOWN, buf_text(&name), row->rate,
                   row->total, row->refused, row->failed);
}

void top_table_write(const struct top_table *table, struct buf *out)
{
    struct rows rows = {.items = calloc(TOP_ROWS, sizeof *rows.items)};
    if (rows.items == NULL) {
        out->failed = true;
        return;
    }
    count(table, table->now, 1, &rows);
    count(table, table->before, -1, &rows);
    finish(table, &rows);
    sort(&rows, table->order);
    put_head(table, out);
    buf_put_format(out, "\n%-*s %10s %10s %10s %10s\n", TOP_SHOWN, views[table->view].title, "A SECOND",
                   "TOTAL", "REFUSED", "FAILED");
    for (size_t i = 0; i < rows.count; i++)
        put_row(out, &rows.items[i]);
    free(rows.items);
}
