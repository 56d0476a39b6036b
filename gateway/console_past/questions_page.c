#include "gateway/console_past/questions_page.h"

#include "gateway/console/past.h"
#include "gateway/console_past/audit_read.h"
#include "gateway/known/owners.h"
#include "gateway/web/html.h"

#include <stdlib.h>
#include <string.h>

enum { QUESTIONS_TASKS = 200 }; /* rows */

/* ---- changes ---- */

static bool is_open(const void *context, const json_t *change)
{
    const char *outcome = past_text(change, "outcome");
    (void)context;
    return strcmp(outcome, "unknown") == 0 || strcmp(outcome, "unrecorded") == 0;
}

/* The record by which `audit settle` finds it. */
static long long seq_of(const json_t *change)
{
    return (long long)json_integer_value(json_object_get(change, "seq"));
}

static void put_settle(struct buf *out, const struct page *page, const json_t *change)
{
    page_begin_form(out, page, "/console/settle");
    html_put(out,
             "<input type=\"hidden\" name=\"seq\" value=\"%lld\"><p><label>It was <select name=\"outcome\">"
             "<option>executed</option><option>not-executed</option></select></label> "
             "<label>Seen where? <input name=\"note\" maxlength=\"900\" required></label> "
             "<button aria-label=\"Settle record %lld\">Settle</button></p></form>",
             seq_of(change), seq_of(change));
}

static void put_change(struct buf *out, const struct page *page, const json_t *change)
{
    const char *asked = past_text(change, "upstreamRequestId");
    html_put(out, "<li><p><strong>%s</strong> by %s at %s, outcome %s: ", past_text(change, "action"),
             past_text(change, "client"), past_text(change, "time"), past_text(change, "outcome"));
    audit_read_put_params(out, change);
    html_put(out, "<br>Look whether it happened to these ids, in the cloud's console or by a read, region %s",
             past_text(change, "region"));
    html_put(out, asked[0] == '\0' ? ". Our request id is %s%s" : "; its log has request id %s, ours has %s",
             asked, past_text(change, "requestId"));
    html_put(out, " (audit record %lld).</p>", seq_of(change));
    if (page->operates)
        put_settle(out, page, change);
    buf_put(out, "</li>\n");
}

static void put_changes(struct buf *out, const struct page *page)
{
    struct audit_read read = {.wants = is_open};
    buf_put(out, "<h2>Changes of which nobody knows what became</h2>\n");
    if (audit_read_init(&read, page) != 0 && read.told.length == 0)
        out->failed = true;
    buf_put(out, read.count == 0 ? "<p class=\"good\">There are none.</p>\n" : "<ul>\n");
    for (size_t i = json_array_size(read.found); i-- > 0;)
        put_change(out, page, json_array_get(read.found, i));
    buf_put(out, read.count == 0 ? "" : "</ul>\n");
    audit_read_put_notes(out, page, &read);
    audit_read_done(&read);
}

/* ---- tasks ---- */

static void put_task(struct buf *out, const struct owners_task *task)
{
    html_put(out, "<tr><td>%s</td><td>%s</td><td>%s</td><td>", task->key, task->client, task->action);
    page_put_time(out, task->began_ms);
    buf_put(out, "</td><td>");
    buf_put(out, task->state == NULL ? "nobody has asked" : "running at ");
    if (task->state != NULL)
        page_put_time(out, task->seen_ms);
    buf_put(out, "</td><td><a href=\"/console/decision?request=");
    html_put_query(out, task->request);
    html_put(out, "\">%s</a></td></tr>\n", task->request);
}

static void put_task_table(struct buf *out, const struct owners_task *tasks, size_t count)
{
    page_begin_table(out, "Tasks that may still run");
    buf_put(out, "<thead><tr><th scope=\"col\">Task</th><th scope=\"col\">Client</th><th scope=\"col\">Action"
                 "</th><th scope=\"col\">Since</th><th scope=\"col\">Last seen</th><th scope=\"col\">Request"
                 "</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < count && i < QUESTIONS_TASKS; i++)
        put_task(out, &tasks[i]);
    page_end_table(out);
    if (count > QUESTIONS_TASKS)
        html_put(out, "<p>These are the newest %lld of %lld.</p>\n", (long long)QUESTIONS_TASKS,
                 (long long)count);
}

static void put_tasks(struct buf *out, const struct page *page)
{
    struct owners_task *tasks = calloc(QUESTIONS_TASKS, sizeof *tasks);
    size_t count = tasks == NULL ? 0 : owners_running(page->gateway->owners, tasks, QUESTIONS_TASKS);
    out->failed = out->failed || tasks == NULL;
    buf_put(out, "<h2>Tasks that still run</h2>\n<p>Changes go on in the cloud as tasks. These were begun by "
                 "callers of this gateway since it started (");
    page_put_time(out, page->gateway->began_ms);
    html_put(
        out,
        "), the last %lld at most, and nobody has seen their end. The gateway does not ask by itself: it "
        "knows what it told callers who asked. A restart forgets them, and other gateways have their own. "
        "%lld requests wait for the end of a task now.</p>\n",
        (long long)OWNERS_MAX, (long long)atomic_load(&page->gateway->waiting));
    if (count > 0)
        put_task_table(out, tasks, count);
    else
        buf_put(out, "<p class=\"good\">There are none.</p>\n");
    free(tasks);
}

/* ---- rules in audit mode ---- */

/* {rule: {count, request, time, client}} of the last requests; the newest is named. */
static json_t *gather_shadows(const struct line_ring *lines)
{
    json_t *rules = json_object();
    const char *bytes;
    size_t length;
    for (size_t i = 0; (bytes = line_ring_at(lines, i, &length)) != NULL; i++) {
        if (memmem(bytes, length, "\"auditRule\":", 12) == NULL)
            continue;
        json_t *line = past_parse(bytes, length);
        const char *rule = past_text(line, "auditRule");
        json_t *known = json_object_get(rules, rule);
        if (known != NULL)
            (void)json_integer_set(json_object_get(known, "count"),
                                   1 + json_integer_value(json_object_get(known, "count")));
        else if (rule[0] != '\0')
            (void)json_object_set_new(rules, rule,
                                      json_pack("{s:i, s:s, s:s, s:s, s:s}", "count", 1, "request",
                                                past_text(line, "requestId"), "time", past_text(line, "time"),
                                                "client", past_text(line, "client"), "verdict",
                                                past_text(line, "verdict")));
        json_decref(line);
    }
    return rules;
}

static void put_shadows(struct buf *out, const struct page *page)
{
    const char *rule;
    json_t *seen;
    struct line_ring *lines = past_lines(page);
    json_t *rules = lines == NULL ? NULL : gather_shadows(lines);
    if (rules == NULL)
        out->failed = true;
    buf_put(out,
            "<h2>Rules in audit mode that would have decided otherwise</h2>\n<p>Of the last requests.</p>\n");
    page_begin_table(out, "Rules in audit mode");
    buf_put(out, "<thead><tr><th scope=\"col\">Rule</th><th scope=\"col\" class=\"number\">Requests</th>"
                 "<th scope=\"col\">The last</th></tr></thead><tbody>\n");
    json_object_foreach(rules, rule, seen)
    {
        html_put(out, "<tr><td>%s</td><td class=\"number\">%lld</td><td><a href=\"/console/decision?request=",
                 rule, (long long)json_integer_value(json_object_get(seen, "count")));
        html_put_query(out, past_text(seen, "request"));
        html_put(out, "\">%s</a>, %s, which got %s</td></tr>\n", past_text(seen, "time"),
                 past_text(seen, "client"), past_text(seen, "verdict"));
    }
    page_end_table(out);
    buf_put(out, json_object_size(rules) == 0 ? "<p>There are none.</p>\n" : "");
    json_decref(rules);
    line_ring_free(lines);
}

void questions_page_put(struct buf *out, const struct page *page)
{
    page_begin(out, page, "Open questions");
    put_changes(out, page);
    put_tasks(out, page);
    put_shadows(out, page);
    page_end(out);
}
