#include "gateway/console_past/decisions_page.h"

#include "base/log/line_ring.h"
#include "gateway/web/form.h"
#include "gateway/web/html.h"
#include "gateway/console/past.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { DECISIONS_FIELD = 128, DECISIONS_ROWS = 100 };

/* What one may ask for: the member of the line, and what the page calls it. */
static const struct {
    const char *name; /* of the field */
    const char *member;
    const char *label;
    const char *values[4]; /* there is a list of them; else any text */
} filters[] = {
    {"client", "client", "Client", {NULL}},
    {"action", "action", "Action", {NULL}},
    {"verdict", "verdict", "Verdict", {"allow", "deny"}},
    {"rule", "rule", "Rule", {NULL}},
    {"outcome", "outcome", "Outcome", {"executed", "not-executed", "unknown"}},
    {"request", "requestId", "Request id", {NULL}},
};

enum { FILTERS = COUNT(filters) };

struct decisions {
    struct buf *out;
    const struct page *page;
    char want[FILTERS][DECISIONS_FIELD]; /* "": any */
    size_t skip;                         /* of those that fit */
    size_t fit;                          /* that were found */
    bool narrow;                         /* something is wanted */
};

static void read_filters(struct decisions *decisions)
{
    const char *query = decisions->page->query;
    char skip[16];
    for (size_t i = 0; i < FILTERS; i++)
        decisions->narrow =
            (form_value(query, filters[i].name, decisions->want[i], sizeof decisions->want[i]) &&
             decisions->want[i][0] != '\0') ||
            decisions->narrow;
    if (form_value(query, "skip", skip, sizeof skip))
        decisions->skip = strtoul(skip, NULL, 10) % LINE_RING_LINES;
}

static void put_choice(struct decisions *decisions, size_t filter)
{
    struct buf *out = decisions->out;
    html_put(out,
             "<p><label for=\"%s\">%s</label><select id=\"%s\" name=\"%s\"><option value=\"\">any</option>",
             filters[filter].name, filters[filter].label, filters[filter].name, filters[filter].name);
    for (size_t i = 0; i < COUNT(filters[filter].values) && filters[filter].values[i] != NULL; i++)
        html_put(out,
                 strcmp(filters[filter].values[i], decisions->want[filter]) == 0
                     ? "<option selected>%s</option>"
                     : "<option>%s</option>",
                 filters[filter].values[i]);
    buf_put(out, "</select></p>");
}

static void put_form(struct decisions *decisions)
{
    struct buf *out = decisions->out;
    buf_put(out, "<form method=\"get\" action=\"/console/decisions\"><div class=\"fields\">");
    for (size_t i = 0; i < FILTERS; i++) {
        if (filters[i].values[0] != NULL)
            put_choice(decisions, i);
        else
            html_put(out, "<p><label for=\"%s\">%s</label><input id=\"%s\" name=\"%s\" value=\"%s\"></p>",
                     filters[i].name, filters[i].label, filters[i].name, filters[i].name, decisions->want[i]);
    }
    buf_put(out, "</div><p><button>Show</button> <a href=\"/console/decisions\">All</a></p></form>\n");
}

/* Most lines are told from their bytes that they do not fit, without being parsed. */
static bool may_fit(const struct decisions *decisions, const char *line, size_t length)
{
    for (size_t i = 0; i < FILTERS; i++)
        if (decisions->want[i][0] != '\0' &&
            !past_has_member(line, length, filters[i].member, decisions->want[i]))
            return false;
    return true;
}

static bool fits(const struct decisions *decisions, const json_t *line)
{
    for (size_t i = 0; i < FILTERS; i++)
        if (decisions->want[i][0] != '\0' &&
            strcmp(past_text(line, filters[i].member), decisions->want[i]) != 0)
            return false;
    return true;
}

static void put_row(struct buf *out, const json_t *line)
{
    const char *verdict = past_text(line, "verdict");
    const char *action = past_text(line, "action");
    html_put(out, "<tr><td>%s</td><td><a href=\"/console/decision?request=", past_text(line, "time"));
    html_put_query(out, past_text(line, "requestId"));
    html_put(out, "\">%s</a></td><td>%s</td><td>%s</td>", past_text(line, "requestId"),
             past_text(line, "client"), action[0] != '\0' ? action : past_text(line, "path"));
    html_put(out, "<td class=\"%s\">%s</td><td>%s</td>", strcmp(verdict, "deny") == 0 ? "bad" : "good",
             verdict, past_text(line, "rule"));
    html_put(out, "<td class=\"number\">%lld</td><td>%s</td><td class=\"number\">%lld</td></tr>\n",
             (long long)json_integer_value(json_object_get(line, "status")), past_text(line, "outcome"),
             (long long)json_number_value(json_object_get(line, "durationMs")));
}

/* Only what is shown, or narrowed down, is parsed: there are 10,000. */
static void take_line(struct decisions *decisions, const char *bytes, size_t length)
{
    bool shown = decisions->fit >= decisions->skip && decisions->fit < decisions->skip + DECISIONS_ROWS;
    if (!may_fit(decisions, bytes, length))
        return;
    json_t *line = shown || decisions->narrow ? past_parse(bytes, length) : NULL;
    if (line != NULL && !fits(decisions, line)) {
        json_decref(line);
        return;
    }
    if (shown && line != NULL)
        put_row(decisions->out, line);
    decisions->fit++;
    json_decref(line);
}

/* The address of the same question, some rows further on. */
static void put_link(const struct decisions *decisions, size_t skip, const char *text)
{
    html_put(decisions->out, "<a href=\"/console/decisions?skip=%lld", (long long)skip);
    for (size_t i = 0; i < FILTERS; i++) {
        if (decisions->want[i][0] == '\0')
            continue;
        html_put(decisions->out, "&amp;%s=", filters[i].name);
        html_put_query(decisions->out, decisions->want[i]);
    }
    html_put(decisions->out, "\">%s</a> ", text);
}

static void put_table(struct decisions *decisions, const struct line_ring *lines)
{
    struct buf *out = decisions->out;
    size_t count = 0;
    size_t length;
    page_begin_table(out, "Decisions");
    buf_put(
        out,
        "<thead><tr><th scope=\"col\">Time</th><th scope=\"col\">Request</th><th scope=\"col\">Client</th>"
        "<th scope=\"col\">Action</th><th scope=\"col\">Verdict</th><th scope=\"col\">Rule</th>"
        "<th scope=\"col\" class=\"number\">Status</th><th scope=\"col\">Outcome</th>"
        "<th scope=\"col\" class=\"number\">ms</th></tr></thead><tbody>\n");
    for (const char *line; (line = line_ring_at(lines, count, &length)) != NULL; count++)
        take_line(decisions, line, length);
    page_end_table(out);
    html_put(out, "<p>%lld of the last %lld requests. ", (long long)decisions->fit, (long long)count);
    if (decisions->skip > 0)
        put_link(decisions, decisions->skip < DECISIONS_ROWS ? 0 : decisions->skip - DECISIONS_ROWS, "Newer");
    if (decisions->fit > decisions->skip + DECISIONS_ROWS)
        put_link(decisions, decisions->skip + DECISIONS_ROWS, "Older");
    buf_put(out, "</p>\n");
}

void decisions_page_put(struct buf *out, const struct page *page)
{
    struct decisions decisions = {.out = out, .page = page};
    struct line_ring *lines = past_lines(page);
    read_filters(&decisions);
    page_begin(out, page, "Decisions");
    put_form(&decisions);
    if (lines == NULL)
        out->failed = true;
    else
        put_table(&decisions, lines);
    page_end(out);
    line_ring_free(lines);
}
