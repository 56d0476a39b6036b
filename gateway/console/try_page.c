#include "gateway/console/try_page.h"

#include "base/system/network.h"
#include "base/time/timestamp.h"
#include "gateway/web/form.h"
#include "gateway/web/html.h"
#include "gateway/dryrun/dry_run.h"
#include "gateway/dryrun/explain.h"

#include <string.h>

enum {
    TRY_FIELD = 256,
    TRY_PATH = 2048,
    TRY_BODY = 8 * 1024,
    TRY_ARENA = 4 * 1024 * 1024,
    TRY_MAX = 4 * 1024 * 1024
};

/* In the memory of an arena. */
struct try_fields {
    char client[TRY_FIELD];
    char method[TRY_FIELD];
    char path[TRY_PATH];
    char from[TRY_FIELD];
    char at[TRY_FIELD];
    char subject[TRY_FIELD];
    char body[TRY_BODY];
};

static void read_fields(const struct page *page, struct try_fields *fields)
{
    (void)form_value(page->fields, "client", fields->client, sizeof fields->client);
    (void)form_value(page->fields, "path", fields->path, sizeof fields->path);
    (void)form_value(page->fields, "at", fields->at, sizeof fields->at);
    (void)form_value(page->fields, "subject", fields->subject, sizeof fields->subject);
    (void)form_value(page->fields, "body", fields->body, sizeof fields->body);
    if (!form_value(page->fields, "method", fields->method, sizeof fields->method))
        (void)memcpy(fields->method, "GET", sizeof "GET");
    if (!form_value(page->fields, "from", fields->from, sizeof fields->from) || fields->from[0] == '\0')
        (void)memcpy(fields->from, "127.0.0.1", sizeof "127.0.0.1");
}

static void put_line(struct buf *out, const char *name, const char *label, const char *value)
{
    html_put(out, "<p><label for=\"%s\">%s</label><input id=\"%s\" name=\"%s\" value=\"%s\"></p>", name,
             label, name, name, value);
}

static void put_form(struct buf *out, const struct page *page, const struct try_fields *fields)
{
    static const char *const methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
    page_begin_form(out, page, "/console/try");
    buf_put(out, "<div class=\"fields\">");
    put_line(out, "client", "Client", fields->client);
    buf_put(out, "<p><label for=\"method\">Method</label><select id=\"method\" name=\"method\">");
    for (size_t i = 0; i < COUNT(methods); i++)
        html_put(out,
                 strcmp(methods[i], fields->method) == 0 ? "<option selected>%s</option>"
                                                         : "<option>%s</option>",
                 methods[i]);
    buf_put(out, "</select></p>");
    put_line(out, "path", "Path and query", fields->path);
    put_line(out, "from", "From (address)", fields->from);
    put_line(out, "at", "At (such as 2026-12-24T18:00:00Z; empty: now)", fields->at);
    put_line(out, "subject", "Subject", fields->subject);
    html_put(
        out,
        "</div><p><label for=\"body\">Body (JSON)</label><textarea id=\"body\" name=\"body\" "
        "rows=\"5\">%s</textarea></p><p><button>What would happen?</button> Nothing is sent.</p></form>\n",
        fields->body);
}

/* Everything that `explain` asks; NULL, or a sentence. */
static const char *ask(const struct page *page, const struct try_fields *fields,
                       struct policy_question *question)
{
    const struct config_client *client = config_client(page->config, fields->client);
    *question = (struct policy_question){.client = client,
                                         .subject = fields->subject[0] == '\0' ? NULL : fields->subject,
                                         .now = page->now,
                                         .owner = POLICY_OWNER_UNKNOWN};
    if (client == NULL)
        return "The policy has no client of that name.";
    if (!network_parse_peer(fields->from, &question->source))
        return "From must be an address, such as 10.1.2.3.";
    if (fields->at[0] != '\0' && !timestamp_parse(fields->at, &question->now))
        return "At must be a time, such as 2026-12-24T18:00:00Z.";
    return NULL;
}

static void put_verdict(struct buf *out, struct exchange *x, struct policy_question *question)
{
    struct buf text;
    question->call = x->call;
    const struct policy_verdict verdict = policy_decide(question);
    buf_init(&text, TRY_MAX);
    explain_text(&text, x->config, question, &verdict);
    html_put(out, "<h2>Verdict: <span class=\"%s\">%s</span></h2><pre tabindex=\"0\">%s</pre>\n",
             verdict.allowed ? "good" : "bad", verdict.allowed ? "allow" : "deny", buf_text(&text));
    out->failed = out->failed || text.failed;
    buf_done(&text);
}

static void put_answer(struct buf *out, const struct page *page, const struct try_fields *fields)
{
    struct policy_question question;
    struct exchange x = {.config = page->config, .arena = arena_new(TRY_ARENA)};
    const char *problem = ask(page, fields, &question);
    x.client = problem == NULL ? question.client : NULL; /* it has an account */
    if (x.arena == NULL)
        out->failed = true;
    else if (problem != NULL)
        html_put(out, "<p class=\"bad\" role=\"status\">%s</p>", problem);
    else if (dry_run_translate(&x, fields->method, fields->path,
                               fields->body[0] == '\0' ? NULL : fields->body) != 0)
        html_put(out, "<p class=\"bad\" role=\"status\">That is no call: %s</p>", x.err.text);
    else
        put_verdict(out, &x, &question);
    arena_free(x.arena);
}

void try_page_put(struct buf *out, const struct page *page)
{
    struct arena *arena = arena_new(2 * sizeof(struct try_fields) + 4096);
    struct try_fields *fields = arena == NULL ? NULL : arena_alloc(arena, sizeof *fields);
    page_begin(out, page, "Try");
    if (fields == NULL) {
        out->failed = true;
    } else {
        read_fields(page, fields);
        put_form(out, page, fields);
        if (page->fields != NULL)
            put_answer(out, page, fields);
    }
    page_end(out);
    arena_free(arena);
}
