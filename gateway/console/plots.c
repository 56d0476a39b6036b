#include "gateway/console/plots.h"

#include "base/time/clock.h"
#include "base/time/timestamp.h"
#include "gateway/web/html.h"
#include "gateway/console/past.h"
#include "gateway/exchange/exchange.h"
#include "gateway/metrics/history.h"
#include "gateway/metrics/shares.h"

#include <stdlib.h>
#include <string.h>

enum { PLOTS_SHARES = 10 };

/* A column is a line of one of the plots: `plot` names it, for console.js. */
static const struct {
    const char *plot, *label;
} columns[] = {{"Requests a second", "all"},
               {"Requests a second", "denied"},
               {"Milliseconds", "p50"},
               {"Milliseconds", "p99"},
               {"Milliseconds", "p50 of the upstream"},
               {"Milliseconds", "p99 of the upstream"},
               {"Changes a minute", "executed"},
               {"Changes a minute", "not executed"},
               {"Changes a minute", "unknown"}};

static const struct {
    const char *title;
    long long seconds;
} spans[HISTORY_RANGES] = {
    [HISTORY_MINUTES] = {"The last 15 minutes", 900}, [HISTORY_DAY] = {"The last 24 hours", 86400}};

static void put_cell(struct buf *out, double value)
{
    char text[32] = "0";
    if (value != 0)
        (void)snprintf(text, sizeof text, "%.3f", value);
    html_put(out, "<td class=\"number\">%s</td>", text);
}

/* What came between two samples. */
static unsigned long long difference(const unsigned long long *old, const unsigned long long *new,
                                     unsigned long long between[SERIES_BOUNDS])
{
    unsigned long long total = 0;
    for (size_t i = 0; i < SERIES_BOUNDS; i++)
        total += between[i] = new[i] - old[i];
    return total;
}

static void put_row(struct buf *out, const struct history_sample *old, const struct history_sample *new)
{
    static const enum outcome outcomes[] = {OUTCOME_EXECUTED, OUTCOME_NOT_EXECUTED, OUTCOME_UNKNOWN};
    char time[TIMESTAMP_SIZE];
    unsigned long long whole[SERIES_BOUNDS];
    unsigned long long upstream[SERIES_BOUNDS];
    double seconds = (double)(new->at_ms - old->at_ms) / 1000;
    if (seconds <= 0) /* the clock was set back */
        return;
    unsigned long long requests = difference(old->sums.whole, new->sums.whole, whole);
    (void)difference(old->sums.upstream, new->sums.upstream, upstream);
    timestamp_format(new->at_ms, time);
    html_put(out, "<tr><td>%s</td>", time);
    put_cell(out, (double)requests / seconds);
    put_cell(out, (double)(new->sums.denied - old->sums.denied) / seconds);
    put_cell(out, (double)series_quantile(whole, 0.5) / 1000);
    put_cell(out, (double)series_quantile(whole, 0.99) / 1000);
    put_cell(out, (double)series_quantile(upstream, 0.5) / 1000);
    put_cell(out, (double)series_quantile(upstream, 0.99) / 1000);
    for (size_t i = 0; i < COUNT(outcomes); i++)
        put_cell(out,
                 60 * (double)(new->sums.outcomes[outcomes[i]] - old->sums.outcomes[outcomes[i]]) / seconds);
    buf_put(out, "</tr>\n");
}

static void put_range(struct buf *out, struct history *history, enum history_range range,
                      struct history_sample *samples)
{
    size_t count = history_read(history, range, samples);
    html_put(out, "<h2>%s</h2>\n<details class=\"plots\" data-span=\"%lld\"><summary>As a table</summary>",
             spans[range].title, spans[range].seconds);
    page_begin_table(out, spans[range].title);
    buf_put(out, "<thead><tr><th scope=\"col\">Until</th>");
    for (size_t i = 0; i < COUNT(columns); i++)
        html_put(out, "<th scope=\"col\" class=\"number\" data-plot=\"%s\" data-label=\"%s\">%s: %s</th>",
                 columns[i].plot, columns[i].label, columns[i].plot, columns[i].label);
    buf_put(out, "</tr></thead><tbody>\n");
    for (size_t i = 1; i < count; i++)
        put_row(out, &samples[i - 1], &samples[i]);
    page_end_table(out);
    buf_put(out, "</details>\n");
}

/* ---- by client and action ---- */

static const struct {
    const char *plot, *head;
} share_kinds[SHARES_KINDS] = {
    [SHARES_CLIENTS] = {"Requests a second by client", "Client"},
    [SHARES_ACTIONS] = {"Requests a second by action", "Action"},
};

static void put_share_heads(struct buf *out, enum shares_kind kind, const struct shares_look *look)
{
    for (size_t i = 0; i < look->name_count + look->others; i++) {
        const char *name = i < look->name_count ? look->names[i] : "all others";
        html_put(out, "<th scope=\"col\" class=\"number\" data-plot=\"%s\" data-label=\"%s\">%s %s</th>",
                 share_kinds[kind].plot, name, i < look->name_count ? share_kinds[kind].head : "", name);
    }
}

static void put_share_cells(struct buf *out, const struct shares_look *look, size_t row, double seconds)
{
    for (size_t i = 0; i < look->name_count + look->others; i++)
        put_cell(out, look->rows[row].counts[i < look->name_count ? i : SHARES_TOP] / seconds);
}

/* One look for each kind, both of the same times. */
static void put_share_rows(struct buf *out, const struct shares_look *looks)
{
    char time[TIMESTAMP_SIZE];
    for (size_t i = 0; i < looks[0].row_count && i < looks[1].row_count; i++) {
        double seconds = (double)(looks[0].rows[i].until_ms - looks[0].rows[i].from_ms) / 1000;
        if (seconds <= 0) /* the clock was set back */
            continue;
        timestamp_format(looks[0].rows[i].until_ms, time);
        html_put(out, "<tr><td>%s</td>", time);
        for (size_t kind = 0; kind < SHARES_KINDS; kind++)
            put_share_cells(out, &looks[kind], i, seconds);
        buf_put(out, "</tr>\n");
    }
}

static void put_share_table(struct buf *out, enum history_range range, const struct shares_look *looks)
{
    html_put(out,
             "<details class=\"plots\" data-span=\"%lld\"><summary>By client and action, as a table"
             "</summary>",
             spans[range].seconds);
    page_begin_table(out, range == HISTORY_DAY ? "The last 24 hours by client and action"
                                               : "The last 15 minutes by client and action");
    buf_put(out, "<thead><tr><th scope=\"col\">Until</th>");
    for (int kind = 0; kind < SHARES_KINDS; kind++)
        put_share_heads(out, (enum shares_kind)kind, &looks[kind]);
    buf_put(out, "</tr></thead><tbody>\n");
    put_share_rows(out, looks);
    page_end_table(out);
    buf_put(out, "</details>\n");
}

static void put_share_range(struct buf *out, struct shares *shares, enum history_range range, int64_t now_ms)
{
    struct shares_look *looks = calloc(SHARES_KINDS, sizeof *looks);
    out->failed = out->failed || looks == NULL;
    for (int kind = 0; looks != NULL && kind < SHARES_KINDS; kind++)
        shares_read(shares, (enum shares_kind)kind, range, now_ms, &looks[kind]);
    if (looks != NULL && looks[SHARES_CLIENTS].name_count == 0)
        buf_put(out, "<p class=\"quiet\">No client has asked for anything.</p>\n");
    else if (looks != NULL)
        put_share_table(out, range, looks);
    free(looks);
}

void plots_put(struct buf *out, const struct page *page)
{
    struct history *history = atomic_load_explicit(&page->gateway->history, memory_order_acquire);
    struct shares *shares = shared_shares(page->gateway);
    struct history_sample *samples = calloc(HISTORY_SAMPLES, sizeof *samples);
    if (history == NULL || shares == NULL || samples == NULL) {
        out->failed = true;
    } else {
        for (int range = 0; range < HISTORY_RANGES; range++) {
            put_range(out, history, (enum history_range)range, samples);
            put_share_range(out, shares, (enum history_range)range, clock_wall_ms());
        }
    }
    free(samples);
}

/* ---- who, and what ---- */

static int by_count(const void *one, const void *other)
{
    json_int_t a = json_integer_value(json_object_get(*(json_t *const *)one, "count"));
    json_int_t b = json_integer_value(json_object_get(*(json_t *const *)other, "count"));
    return (a < b) - (a > b);
}

static void add(json_t *sums, const char *name, const char *key, json_int_t one)
{
    json_t *sum = json_object_get(sums, name);
    if (sum == NULL) {
        sum = json_pack("{s:s, s:i, s:i}", "name", name, "count", 0, "denied", 0);
        (void)json_object_set_new(sums, name, sum);
    }
    json_t *number = json_object_get(sum, key);
    (void)json_integer_set(number, json_integer_value(number) + one);
}

static void put_sums(struct buf *out, const json_t *sums, const char *title, const char *head)
{
    const char *name;
    json_t *sum;
    size_t count = 0;
    json_t **list = calloc(json_object_size(sums) + 1, sizeof *list);
    json_object_foreach((json_t *)(uintptr_t)sums, name, sum)
    {
        if (list != NULL)
            list[count++] = sum;
    }
    if (list != NULL)
        qsort(list, count, sizeof *list, by_count);
    page_begin_table(out, title);
    html_put(out,
             "<thead><tr><th scope=\"col\">%s</th><th scope=\"col\" class=\"number\">Requests</th>"
             "<th scope=\"col\" class=\"number\">Denied</th></tr></thead><tbody>\n",
             head);
    for (size_t i = 0; i < count && i < PLOTS_SHARES; i++)
        html_put(out, "<tr><td>%s</td><td class=\"number\">%lld</td><td class=\"number\">%lld</td></tr>\n",
                 past_text(list[i], "name"), (long long)json_integer_value(json_object_get(list[i], "count")),
                 (long long)json_integer_value(json_object_get(list[i], "denied")));
    page_end_table(out);
    out->failed = out->failed || list == NULL;
    free(list);
}

void plots_put_shares(struct buf *out, const struct page *page)
{
    struct line_ring *lines = past_lines(page);
    json_t *clients = json_object();
    json_t *actions = json_object();
    char name[PAST_NAME];
    const char *line;
    size_t length;
    for (size_t i = 0; lines != NULL && (line = line_ring_at(lines, i, &length)) != NULL; i++) {
        bool denied = past_has_member(line, length, "verdict", "deny");
        if (past_name(line, length, "client", name)) {
            add(clients, name, "count", 1);
            add(clients, name, "denied", denied);
        }
        if (past_name(line, length, "action", name)) {
            add(actions, name, "count", 1);
            add(actions, name, "denied", denied);
        }
    }
    buf_put(out, "<h2>The last 10,000 requests</h2>\n<div class=\"halves\">");
    put_sums(out, clients, "By client", "Client");
    put_sums(out, actions, "By action", "Action");
    buf_put(out, "</div>\n");
    out->failed = out->failed || lines == NULL;
    json_decref(actions);
    json_decref(clients);
    line_ring_free(lines);
}
